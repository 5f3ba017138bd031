"""Actions used by a tag or branch that its owner can move."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import actions_lock, model, own
from workers.fixers.workflows.actions_lock import Action, numbers
from workers.fixers.workflows.model import Workflow
from workers.source import pinned, yamledit
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node, Path

_USES = re.compile(r"(?P<name>(?P<repository>[\w.-]+/[\w.-]+)(?:/[^@\s]+)?)@(?P<ref>\S+)")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NEEDS_TAG = "slsa-framework/slsa-github-generator/.github/workflows/"
_TOOL_REFS = {
    "taiki-e/install-action": ("tool", re.compile(r"[a-z][\w-]*")),
    "dtolnay/rust-toolchain": ("toolchain", re.compile(r"v?(?P<tool>\d+\.\d+(?:\.\d+)?|nightly-\d{4}-\d\d-\d\d|miri)")),
}
"""Actions whose ref names a tool instead of a release of their own, with the input that names it as well."""


@dataclass(frozen=True)
class _Pin:
    """What a use becomes."""

    commit: str
    version: str
    tool: str = ""
    """The tool that the old ref named, where it becomes an input."""
    read: str = ""
    """The file of this repository that pins it so; empty where the lock says it."""


@dataclass(frozen=True)
class _Use:
    """One `uses:` of the file."""

    path: Path
    node: Node
    holder: Node
    """The step or job that has it."""
    name: str
    repository: str
    ref: str


@fixer(
    name="unpinned-uses",
    weakness="An action is used by a ref that can move",
    rules={
        "zizmor": ["unpinned-uses"],
        "semgrep": ["third-party-action-not-pinned-to-commit-sha"],
        "codeql": ["actions/unpinned-tag"],
        "scorecard": ["PinnedDependenciesID"],
    },
    explain=(
        "A tag such as `v4` is a name that the action's owner, or whoever takes over the account, can move to other "
        "code; that code then runs with the job's token and secrets, as it did when tj-actions/changed-files was taken "
        "over. A commit's hash cannot be moved. The version stays beside it as a comment, which Dependabot and "
        "Renovate read and keep up to date. Approaches: this use at the newest release of the line it follows now; "
        "every use in the file, so that one decision covers it. Commits come from the lock shipped with "
        "secaid, else from where this repository itself pins the same release; a commit that nobody wrote down is "
        "never guessed. What the repository uses of itself by its own name is taken from the workflow's own commit."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A movable ref → the commit it stands for."""
    workflow = model.read(target)
    use = _flagged(target, workflow)
    known = _Known(target.tree)
    if (path := _own_or_pinned(target.tree, use, known)) is not None:
        yield _itself(workflow, "self-repository", [(use, path)])
        everywhere = [(other, its) for other in _uses(workflow) if (its := _own(target.tree, other)) is not None]
        if len(everywhere) > 1:
            yield _itself(workflow, "self-repository-file", everywhere)
        return
    pin = known.pin(use)
    yield _made(workflow, "pin-commit", [(use, pin)], f"`{use.ref}` is pinned to the commit of {pin.version}")
    others = [(other, found) for other in _uses(workflow) if (found := known.maybe(other)) is not None]
    if len(others) > 1:
        yield _made(workflow, "pin-commit-file", others, f"All {len(others)} known actions of this file are pinned")


def _own_or_pinned(tree: SourceTree, use: _Use, known: _Known) -> str | None:
    """Where the tree holds it as its own; none where a commit is to be named.

    Raises:
        NoFix: it is the tree's own, but not at this commit, and no commit is known either.
    """
    try:
        return own.path_of(f"{use.name}@{use.ref}", tree)
    except NoFix:
        if known.maybe(use) is None:
            raise
        return None


def _own(tree: SourceTree, use: _Use) -> str | None:
    try:
        return own.path_of(f"{use.name}@{use.ref}", tree)
    except NoFix:
        return None


def _itself(workflow: Workflow, approach: str, uses: list[tuple[_Use, str]]) -> Candidate:
    edits = [_by_itself(workflow, use, path) for use, path in uses]
    name = uses[0][0].repository
    why = (
        f"{name} is this repository: `$/` takes what lies there at the workflow's own commit, which cannot move "
        "(github.com, since July 2026)."
    )
    refs = ", ".join(dict.fromkeys(f"`{use.ref}`" for use, _ in uses))
    warnings = [f"the repository must be {name}: its tree holds what is used of it",
                f"it is now taken from the workflow's own commit, no longer from {refs}"]  # fmt: skip
    declares = [path for use, _ in uses for path in workflow.everywhere(use.path)]
    return model.candidate(approach, edits, why, declares=declares, warnings=warnings)


def _by_itself(workflow: Workflow, use: _Use, path: str) -> Edit:
    quote = use.node.style
    return yamledit.edit(workflow.doc, use.node.start, use.node.end, f"{quote}$/{path}{quote}")


def _flagged(target: Target, workflow: Workflow) -> _Use:
    line, last = model.lines(target)
    uses = [*_uses(workflow)]
    found = [use for use in uses if workflow.doc.line_of(use.node.start) == line]
    found = found or [use for use in uses if line <= workflow.doc.line_of(use.node.start) <= last]
    if not found and line:
        step = model.flagged_step(target, workflow)
        found = [use for use in uses if use.holder is step.node]
    if not found:
        message = "no action stands here with a ref that can move"
        raise NoFix(message)
    return found[0]


def _uses(workflow: Workflow) -> Iterator[_Use]:
    holders: list[tuple[Path, Node]] = [(job.path, job.node) for job in workflow.jobs]
    holders += [(step.path, step.node) for step in workflow.steps]
    for path, holder in holders:
        node = holder.child("uses")
        match = _USES.fullmatch(node.value) if node is not None and node.kind == "scalar" else None
        if node is not None and match is not None and not _COMMIT.fullmatch(match["ref"]):
            yield _Use((*path, "uses"), node, holder, match["name"], match["repository"], match["ref"])


class _Known:
    """What is known of commits: by the lock, else by the repository's own pins."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    @functools.cached_property
    def _pins(self) -> list[pinned.Pin]:
        return list(pinned.of_tree(self._tree))

    def maybe(self, use: _Use) -> _Pin | None:
        """The commit that the ref stands for; none where it is not known, or is the repository's own."""
        try:
            return None if _own(self._tree, use) is not None else self.pin(use)
        except NoFix:
            return None

    def pin(self, use: _Use) -> _Pin:
        """The commit that the ref stands for.

        Raises:
            NoFix: neither the lock nor the repository knows it, or the action must be named by a tag.
        """
        if use.name.startswith(_NEEDS_TAG):
            message = (
                "the SLSA generator proves where a build came from by its tag, so it must not be pinned to a commit"
            )
            raise NoFix(message)
        action = actions_lock.known(use.repository)
        if action is not None and use.ref in action.releases and len(numbers(use.ref)) > 2:
            return _Pin(action.releases[use.ref], use.ref)
        found = (_line(action, use) if action is not None else None) or self._pinned(use)
        if found is None:
            read = f" (read: {action.read})" if action is not None else ""
            message = f"no commit is known offline for {use.repository}@{use.ref}{read}"
            raise NoFix(message)
        return found

    def _pinned(self, use: _Use) -> _Pin | None:
        """The newest release of the ref's line that the repository itself pins, with its version beside it.

        Raises:
            NoFix: it pins two commits under one version.
        """
        repository = use.repository.lower()
        fits = [one for one in self._pins if one.repository == repository and pinned.stands_for(one.version, use.ref)]
        best = max(fits, key=lambda one: numbers(one.version), default=None)
        if best is None:
            return None
        if len({one.commit for one in fits if one.version == best.version}) > 1:
            message = f"this repository pins {use.repository} {best.version} to more than one commit"
            raise NoFix(message)
        return _Pin(best.commit, best.version, read=best.path)


def _line(action: Action, use: _Use) -> _Pin | None:
    line = numbers(use.ref.removeprefix("release/"))
    if line and len(line) < 3 and (tag := action.newest(use.ref.removeprefix("release/"))):
        return _Pin(action.releases[tag], tag)
    if use.ref in action.branches:
        return _Pin(action.branches[use.ref], use.ref)
    return _tool(action, use)


def _tool(action: Action, use: _Use) -> _Pin | None:
    """The action at a commit of its own, and the tool that the ref named as an input."""
    name, pattern = _TOOL_REFS.get(use.repository, ("", None))
    match = pattern.fullmatch(use.ref) if pattern is not None else None
    if match is None or use.holder.get("with", name) is not None:
        return None
    tool = match.groupdict().get("tool", use.ref)
    newest = action.newest()
    if newest is not None:
        return _Pin(action.releases[newest], newest, tool=tool)
    return _Pin(action.branches["master"], "master", tool=tool) if "master" in action.branches else None


def _made(workflow: Workflow, approach: str, pins: list[tuple[_Use, _Pin]], what: str) -> Candidate:
    edits = [edit for use, pin in pins for edit in _edits(workflow, use, pin)]
    locked = [(use, pin) for use, pin in pins if not pin.read]
    sources = {use.repository: action for use, _ in locked if (action := actions_lock.known(use.repository))}
    doubts = [
        f"the commit of {name} was read from a pin in another project's workflow, not from its own tags"
        for name, action in sources.items()
        if action.seen != "tag"
    ]
    doubts += [
        f"the commit of {use.repository} {pin.version} was read from pins that agree in {action.agreed[pin.version]}"
        for use, pin in locked
        if (action := actions_lock.known(use.repository)) is not None and pin.version in action.agreed
    ]
    moving = [f"{pin.version} of {use.repository} is a branch: its commit is the one read then"
              for use, pin in pins if not numbers(pin.version)]  # fmt: skip
    read = [f"{name}: {action.read}" for name, action in sources.items()]
    read += dict.fromkeys(f"{use.repository}: pinned so in {pin.read}" for use, pin in pins if pin.read)
    why = f"{what}; read from {'; '.join(read[:3])}."
    paths = [use.path for use, _ in pins] + [
        (*use.path[:-1], "with", _TOOL_REFS[use.repository][0]) for use, pin in pins if pin.tool
    ]
    declares = [one for path in paths for one in workflow.everywhere(path)]
    return model.candidate(approach, edits, why, declares=declares, warnings=[*doubts, *moving])


def _edits(workflow: Workflow, use: _Use, pin: _Pin) -> Iterator[Edit]:
    doc = workflow.doc
    written = doc.source(use.node)
    at = use.node.start + len(written[: written.rindex("@") + 1].encode())
    rest = doc.slice(use.node.end, doc.line_end(use.node.end))
    end = at + len(use.ref.encode())
    quote = doc.slice(end, use.node.end)
    comment = f" # {pin.version}" if not rest.strip() or rest.lstrip().startswith("#") else ""
    yield yamledit.edit(doc, at, use.node.end, f"{pin.commit}{quote}{comment}")
    if pin.tool:
        yield from yamledit.put_all(doc, use.holder, "with", {_TOOL_REFS[use.repository][0]: pin.tool}, after="uses")
