"""One task on its way up the ladder, as far as the files alone can say: L0, L1, tricks, and what L3 will say."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.edits import apply_edits, by_path
from daemon.domain.finding import Finding, Region
from daemon.domain.fix import Candidate, Edit, Level
from daemon.errors import EditConflict, SourceUnavailable
from workers.source import syntax
from workers.source.tree import SourceTree
from workers.verify import dependency, gaming, leftover, parsing, pins
from workers.verify.emptied import emptied
from workers.verify.kinds import is_action, is_dockerfile, is_kubernetes, is_workflow, is_yaml, suffix
from workers.verify.known_digest import outgrown
from workers.verify.leftover import is_about_secret
from workers.verify.names import new_undefined
from workers.verify.python import kept, rules
from workers.verify.python.sides import sides
from workers.verify.structure import cloud, cluster, dockerfile, image, modules
from workers.verify.structure.diff import DELETE
from workers.verify.structure.documents import Malformed, read_yaml
from workers.verify.structure.nodes import same_tokens
from workers.verify.structure.preserved import preservation
from workers.verify.workflows.preserved import broken

_NAME = re.compile(r"[A-Za-z_]\w*")
_PYTHON = frozenset((".py", ".pyw"))


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate to verify for a finding, on the tree that was scanned."""

    finding: Finding
    candidate: Candidate
    tree: SourceTree
    group: tuple[Finding, ...] = ()
    """The other findings that it should end as well."""
    proxies: Mapping[str, Sequence[str]] = {}
    """Scanner → patterns of rules that mean the same weakness, for where the finding's own scanner cannot run."""


class Patched(msgspec.Struct, frozen=True):
    """One file before and after."""

    path: str
    before: bytes
    after: bytes
    edits: tuple[Edit, ...]


class Attempt(msgspec.Struct, kw_only=True):
    """What is known of a task before any scanner ran."""

    task: Task
    level: Level
    files: tuple[Patched, ...] = ()
    reason: str | None = None
    """Why it can go no further; none where scanners should look."""
    violations: tuple[str, ...] = ()
    """Why L3 will be refused."""
    changes: tuple[str, ...] = ()
    compared_by: tuple[str, ...] = ()


def attempt(task: Task) -> Attempt:
    """Task → everything that can be said without a scanner."""
    try:
        files = _patched(task)
    except (EditConflict, SourceUnavailable) as error:
        return Attempt(task=task, level=Level.NONE, reason=f"L0 applies: {error}")
    unchanged = _unchanged(files, task)
    if unchanged:
        return Attempt(task=task, level=Level.APPLIES, files=files, reason=f"L0 applies: {unchanged}")
    for name, level, check in _GATES:
        for file in files:
            if (problem := check(file)) is not None:
                return Attempt(task=task, level=level, files=files, reason=f"{name}: {file.path}: {problem}")
    return _with_structure(Attempt(task=task, level=Level.PARSES, files=files))


def flagged_regions(findings: Iterable[Finding], path: str) -> list[Region]:
    """Every region of a file that the findings point to."""
    return [
        place.region
        for finding in findings
        for place in finding.locations
        if place.region is not None and place.path == path
    ]


def _patched(task: Task) -> tuple[Patched, ...]:
    if not task.candidate.edits:
        message = "the candidate has no edits"
        raise EditConflict(message)
    files = []
    for path, edits in by_path(task.candidate.edits).items():
        before = task.tree.read(path)
        files.append(Patched(path, before, apply_edits(before, edits), tuple(edits)))
    return tuple(files)


def _unchanged(files: Sequence[Patched], task: Task) -> str | None:
    for file in files:
        if file.before == file.after:
            return f"{file.path} is not changed by its edits"
    if is_about_secret(task.finding):
        # A credential in a comment is as well known as one in the code.
        return None
    return "only comments or blanks change" if all(_comments_only(file) for file in files) else None


def _comments_only(file: Patched) -> bool:
    if is_dockerfile(file.path):
        # The grammar keeps no token for some of its text (an image's tag), so its own instructions are compared.
        with contextlib.suppress(Malformed):
            return dockerfile.instructions(file.before) == dockerfile.instructions(file.after)
    if is_yaml(file.path) and any(_outside_comments(file.before, edit) for edit in file.edits):
        return False
    old = syntax.parse(file.before, file.path)
    new = syntax.parse(file.after, file.path)
    if old is None or new is None or is_dockerfile(file.path):
        return file.before.split() == file.after.split()
    if old.problems or new.problems:
        return False
    return same_tokens(old, new)


def _outside_comments(before: bytes, edit: Edit) -> bool:
    """Whether an edit of YAML changes more than blanks on lines that hold no comment: the cheap answer, mostly."""
    first, last = before.rfind(b"\n", 0, edit.start) + 1, before.find(b"\n", edit.end)
    lines = before[first : last if last >= 0 else len(before)]
    changed = before[edit.start : edit.end].split() != edit.text.encode().split()
    return changed and b"#" not in lines and "#" not in edit.text


def _parses(file: Patched) -> str | None:
    return parsing.new_problem(file.path, file.before, file.after)


def _honest(file: Patched) -> str | None:
    return gaming.trick(file.path, file.before, file.after)


_GATES: tuple[tuple[str, Level, Callable[[Patched], str | None]], ...] = (
    ("L1 parses", Level.APPLIES, _parses),
    ("anti-gaming", Level.PARSES, _honest),
)


def _no_longer(file: Patched, tried: Attempt, flagged: Sequence[Region]) -> Iterator[str]:
    """What the file no longer does, whatever the candidate declares."""
    task = tried.task
    if is_workflow(file.path) or is_action(file.path):
        yield from broken(file.before, file.after, task.tree, file.path)
        yield from pins.unknown(file.before, file.after, task.tree)
    yield from _as_infrastructure(file, tried)
    yield from pins.unknown_digests(file.before, file.after, task.tree)
    if names := new_undefined(file.path, file.before, file.after):
        yield f"it uses {', '.join(names[:3])}, which nothing in it defines or imports"
    if not _may_vanish(task.candidate) and (loss := emptied(file.path, file.before, file.after)) is not None:
        yield loss
    if (known := outgrown(file.path, file.before, file.after)) is not None:
        yield known
    if (both := sides(file.before, file.after) if suffix(file.path) in _PYTHON else None) is not None:
        yield from kept.lost(*both)
        yield from rules.unmet(task.finding.rule, *both)
    if is_about_secret(task.finding) and (left := leftover.left(file.before, file.after, flagged)) is not None:
        yield left


def _as_infrastructure(file: Patched, tried: Attempt) -> Iterator[str]:
    """What an image, a cluster or a cloud would make of the change."""
    if is_dockerfile(file.path):
        with contextlib.suppress(Malformed):
            sides = dockerfile.instructions(file.before), dockerfile.instructions(file.after)
            yield from image.mistaken(*sides, tried.task.finding.rule)
    elif is_kubernetes(file.path, file.before):
        with contextlib.suppress(Malformed):
            yield from cluster.mistaken(read_yaml(file.before), read_yaml(file.after))
    elif suffix(file.path) == ".tf":
        texts = {each.path: each.after for each in tried.files}
        yield from cloud.mistaken(file.path, file.before, texts, tried.task.tree)
        yield from modules.unknown(file.path, file.before, file.after)


def _may_vanish(candidate: Candidate) -> bool:
    return any(
        declared.startswith(("node:", "statement:")) and declared.endswith(DELETE) for declared in candidate.declares
    )


def _by_default(file: Patched, flagged: Sequence[Region]) -> tuple[str, ...]:
    """What a candidate that declares nothing (a model's) may change: what is flagged, and imports for it."""
    if is_dockerfile(file.path):
        lines = file.before.decode("utf-8", "replace").splitlines()
        words = [line.split()[0] for region in flagged for line in lines[region.start_line - 1 :][:1] if line.split()]
        return tuple(f"instruction:{word.upper()}" for word in words)
    names = {name for edit in file.edits for name in _NAME.findall(edit.text)}
    return ("node:flagged", *(f"import:{name}" for name in sorted(names)))


def _with_structure(tried: Attempt) -> Attempt:
    task = tried.task
    packages = tuple(one for one in task.candidate.declares if one.startswith(dependency.DECLARES))
    rest = tuple(one for one in task.candidate.declares if one not in packages)
    regions = {file.path: flagged_regions((task.finding, *task.group), file.path) for file in tried.files}
    # A fix of code may bring the package that it imports, and has no other business in a list of packages.
    lists = [
        file
        for file in tried.files
        if (packages and not rest) or (dependency.is_manifest(file.path) and not regions[file.path])
    ]
    violations: list[str] = []
    changes: list[str] = []
    compared: list[str] = []
    if lists:
        asked = {file.path: (file.after, file.edits) for file in lists}
        violations += dependency.violations(packages, task.tree, asked)
        compared.append("declared dependencies")
    for file in tried.files:
        if file in lists:
            continue
        flagged = regions[file.path]
        declares = rest or _by_default(file, flagged)
        found = preservation(file.path, file.before, file.after, file.edits, declares, flagged)
        violations += [f"{file.path}: {violation}" for violation in found.violations]
        changes += found.changes
        compared.append(found.by)
        violations += [f"{file.path}: {why}" for why in _no_longer(file, tried, flagged)]
    return msgspec.structs.replace(
        tried, violations=tuple(violations), changes=tuple(changes), compared_by=tuple(dict.fromkeys(compared))
    )
