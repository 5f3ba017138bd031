"""Package lists that apt-get leaves in the image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import after, at_least_one, candidate, flagged, stage_of
from workers.fixers.docker.package_cache import appended, mounted
from workers.fixers.docker.shell.merge import merged
from workers.fixers.docker.shell.script import Script, scripts
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction
from workers.source.tree import SourceTree, text_of

_REMOVE = "rm -rf /var/lib/apt/lists/*"
_REMOVED = re.compile(r"\brm\s+-\w*r\w*\s[^;&|]*/var/lib/apt/lists")
_FETCHES = re.compile(r"\bdeb\.nodesource\.com/setup_|\bpackagecloud\.io/\S+/script\.deb")
"""Scripts that name a source of packages to apt, and fetch its lists themselves."""
_APT_CALL = re.compile(r"\bapt(?:-get)?\s(?:[^\n;&|]*\s)?(install|update)\b")


@fixer(
    name="docker-apt-lists",
    weakness="package lists left in the image",
    rules={"hadolint": ["DL3009"], "semgrep": ["remove-package-lists"]},
    explain="""`apt-get update` stores some 20–40 MB of package lists under /var/lib/apt/lists. They go stale within
days, and a later step can hide them but not make the layer smaller. Delete them in the RUN that fetched them, or
keep them outside of the image on a BuildKit cache mount.""",
)
def apt_lists(target: Target) -> Iterator[Candidate]:
    """Delete the lists in the same RUN, or keep them on a cache mount."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    stage = stage_of(file, one)
    used = [each for each in script.named("apt-get", "apt") if each.sub("update", "install")]
    if not used:
        message = f"{file.path}:{one.line} calls no apt-get"
        raise NoFix(message)
    every = scripts(file, after(stage, one))
    later = [each for each in every if _installs_first(each)]
    heirs = [each for each in file.stages if each.name is None or each.image.lower() == (stage.name or "").lower()]
    if later or (
        stage.name and any(each.image.lower() == stage.name.lower() and _installs(file, each) for each in heirs)
    ):
        joined = _joined(file, one, later[0].instruction) if len(later) == 1 else None
        alone = later and not any(_reads(each) for each in every if each not in later)
        message = f"a later step installs from the lists that {file.path}:{one.line} fetches: join the two RUNs first"
        yield from at_least_one([joined, _updated(script, later) if alone else None], message)
        return
    if reader := _script_that_reads(target.tree, after(stage, one)):
        message = f"{reader} installs in a later step from the lists that {file.path}:{one.line} fetches"
        raise NoFix(message)
    yield appended(file, script, "remove-lists", f"{_sudo(script)}{_REMOVE}")
    mount = mounted(file, script, ("/var/lib/apt/lists", "/var/cache/apt"))
    if mount:
        yield mount


def _sudo(script: Script) -> str:
    """What has to stand in front of a command that root alone can run, where the step's own calls have it."""
    return "sudo " if any(call.words[0].text == "sudo" for call in script.named("apt-get", "apt")) else ""


def _script_that_reads(tree: SourceTree, steps: Sequence[Instruction]) -> str | None:
    """A script of the repository that a later step runs, and that installs without fetching lists."""
    named = {name for one in steps if one.keyword == "RUN" for name in re.findall(r"[\w.-]+\.sh\b", one.text)}
    for path in [path for path in tree.paths() if path.rpartition("/")[2] in named]:
        verbs = {match[1] for match in _APT_CALL.finditer(text_of(tree, path))}
        if "install" in verbs and "update" not in verbs:
            return path
    return None


def _joined(file: Dockerfile, one: Instruction, later: Instruction) -> Candidate | None:
    """The RUNs from the update to the one installation that reads its lists, as one that deletes them at its end."""
    inner = list(stage_of(file, one).instructions)
    row = inner[inner.index(one) : inner.index(later) + 1]
    edits = merged(file, *row)
    if edits is None:
        return None
    last = Script(file, later)
    at, text = last.append(f"{_sudo(last)}{_REMOVE}")
    text = f" {file.escape}\n   {text}" if text.startswith(" && ") else text
    removed = [] if _REMOVED.search(later.text) else [file.edit(at, at, text)]
    how = "The update and the installation that reads its lists become one step, and the lists go at its end."
    return candidate("join-and-remove-lists", [*edits, *removed], how, ["RUN", "RUN/delete"])


def _reads(script: Script) -> bool:
    """Whether a step needs the lists without fetching them, beside those that install."""
    calls = script.named("apt-get", "apt", "apt-cache", "aptitude", "apt-file")
    fetches = any(call.sub("update") for call in calls)
    return not fetches and any(not call.sub("clean", "autoclean", "autoremove", "remove", "purge") for call in calls)


def _updated(script: Script, later: Sequence[Script]) -> Candidate | None:
    """Each later installation fetches the lists itself and deletes them again; none where the place is unsure."""
    file, one = script.file, script.instruction
    edits: list[Edit] = []
    declares = ["RUN"]
    if all(call.name in {"apt-get", "apt"} and call.sub("update") for call in script.commands):
        edits.append(file.delete(one))
        declares.append("RUN/delete")
    else:
        at, text = script.append(_REMOVE)
        edits.append(file.edit(at, at, text))
    for each in later:
        first = next(call for call in each.named("apt-get", "apt") if call.sub("install", "build-dep"))
        if not first.top or first.words[0] is not first.program or each.here:
            return None
        edits.append(file.edit(first.whole, first.whole, f"{first.name} update && "))
        if not _REMOVED.search(each.instruction.text):
            at, text = each.append(_REMOVE)
            edits.append(file.edit(at, at, text))
    how = "Each step that installs fetches the lists itself and deletes them: none of them works from a stale layer."
    return candidate("update-in-each-step", edits, how, declares)


def _installs(file: Dockerfile, stage: object) -> bool:
    instructions = list(getattr(stage, "instructions", ()))
    return any(_installs_first(each) for each in scripts(file, instructions))


def _installs_first(script: Script) -> bool:
    """Whether a step installs before it fetches the lists, if it fetches them at all."""
    calls = (call for call in script.named("apt-get", "apt") if call.sub("update", "install", "build-dep"))
    first = next(calls, None)
    return first is not None and not first.sub("update") and not _FETCHES.search(script.instruction.text)
