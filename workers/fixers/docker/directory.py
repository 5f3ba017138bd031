"""Where instructions work: `cd` in RUN, relative WORKDIR, relative destinations of COPY."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import (
    absolute,
    after,
    at_least_one,
    before,
    candidate,
    flagged,
    insert_above,
    stage_of,
    trivy,
    work_directory,
)
from workers.fixers.docker.images import base_of
from workers.fixers.docker.script import Command, Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_PLAIN = re.compile(r"[\w./${}+@%=-]+")
_OWN_OPTION = {
    "make": "-C", "git": "-C", "ninja": "-C", "pnpm": "-C", "yarn": "--cwd", "gradle": "-p", "uv": "--directory",
    "poetry": "-C", "composer": "-d", "npm": "--prefix",
}  # fmt: skip
_OPTIONS = re.compile(r"set(?:\s+[-+]\w+|\s+pipefail)+")
_STATE = re.compile(r"^\s*(?:\w+=\S*\s*$|\w+=[\"'$(]|(?:export|set|cd|umask|source|alias|\.)\s)")
_DELETES = re.compile(r"\brm\b|\bpurge\b|\bapk\s+del\b|\bautoremove\b|\bclean\b")
_USES_DIRECTORY = frozenset(("RUN", "CMD", "ENTRYPOINT", "COPY", "ADD", "WORKDIR", "HEALTHCHECK"))


def _default(file: Dockerfile, one: Instruction) -> str | None:
    return base_of(file, stage_of(file, one)).directory


@fixer(
    name="docker-relative-workdir",
    weakness="relative working directory",
    rules={
        "hadolint": ["DL3000"],
        "checkov": ["CKV_DOCKER_10"],
        "trivy": trivy(9),
        "semgrep": ["use-absolute-workdir"],
    },
    explain="""A relative WORKDIR adds to the one before it, and in the end to the base image's own. When a line above
changes, or the base image, everything lands somewhere else.""",
)
def relative_workdir(target: Target) -> Iterator[Candidate]:
    """The absolute path that it amounts to today."""
    file, one = flagged(target, "WORKDIR")
    chosen = one.text.strip("'\"")
    if absolute(chosen) or re.match(r"[A-Za-z]:", chosen):
        message = f"{file.path}:{one.line} is absolute already"
        raise NoFix(message)
    resolved = work_directory(file, _behind(file, one), _default(file, one))
    if resolved is None:
        message = f"{file.path}:{one.line} adds to the base image's own directory, which is not known here"
        raise NoFix(message)
    how = f"`{resolved}` is where it led already, said in full: a change above it no longer moves it."
    yield candidate("absolute-path", [file.edit(one.body, one.end, resolved)], how, ["WORKDIR"])
    every = [each for each in stage_of(file, one).all("WORKDIR") if each.start > one.start and not absolute(each.text)]
    others = [(each, work_directory(file, _behind(file, each), _default(file, one))) for each in every]
    if others and all(path for _, path in others):
        edits = [file.edit(each.body, each.end, path or "") for each, path in [(one, resolved), *others]]
        yield candidate("all-absolute", edits, f"{how} So do the ones behind it.", ["WORKDIR"])


def _behind(file: Dockerfile, one: Instruction) -> Instruction:
    """Stands in for an instruction right behind one, so that the one itself counts."""
    del file
    return Instruction(
        keyword="RUN", start=one.end, arguments=one.end, body=one.end, end=one.end, text="", flags=(), line=one.line,
        last_line=one.last_line, stage=one.stage,
    )  # fmt: skip


@fixer(
    name="docker-relative-destination",
    weakness="relative destination without a working directory",
    rules={"hadolint": ["DL3045"]},
    explain="""COPY to a relative destination goes to the working directory, and without WORKDIR to that of the base
image, whatever it is. Say where the files go.""",
)
def relative_destination(target: Target) -> Iterator[Candidate]:
    """The destination in full, or a WORKDIR in front that says what it relies on."""
    file, one = flagged(target, "COPY", "ADD")
    where = work_directory(file, one, _default(file, one))
    if where is None or one.json or one.heredocs:
        message = f"{file.path}:{one.line} copies to the base image's own directory, which is not known here"
        raise NoFix(message)
    old = one.text.split()[-1]
    at = file.content.rfind(old.encode(), one.body, one.end)
    joined = posixpath.join(where, re.sub(r"^(?:\./)+|^\.$", "", old))
    directory = "/" if old.endswith(("/", ".")) and not joined.endswith("/") else ""
    how = f"The files go where they went, `{where}` being the base image's working directory."
    yield candidate("absolute-destination", [file.edit(at, one.end, joined + directory)], how, [one.keyword])
    first = next(each for each in stage_of(file, one).instructions if each.keyword in {"COPY", "ADD", "RUN"})
    how = f"`{where}` is the working directory already; now the file says so, and every relative path relies on it."
    yield candidate("workdir-in-front", [insert_above(file, first, f"WORKDIR {where}")], how, ["WORKDIR"])


@fixer(
    name="docker-cd-in-run",
    weakness="cd for WORKDIR",
    rules={"hadolint": ["DL3003"], "trivy": trivy(13), "semgrep": ["use-workdir"]},
    explain="""`cd` holds to the end of its RUN and no further, which readers overlook, and hides where the work is
done. WORKDIR says it, makes the directory, and holds for what follows: where it must not, the old one is set again.
Tools that take the directory as an option (`make -C`, `git -C`) need neither.""",
)
def cd_in_run(target: Target) -> Iterator[Candidate]:
    """WORKDIR in front of the RUN; or the tools' own option."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    chain = script.chain
    moves = script.named("cd")
    if len(moves) != 1 or not moves[0].top:
        message = f"{file.path}:{one.line} changes its directory more than once, or within a loop or a subshell"
        raise NoFix(message)
    words = moves[0].arguments
    if len(words) != 1 or not _PLAIN.fullmatch(words[0].text) or words[0].text.startswith("-"):
        message = f"{file.path}:{one.line}: where `cd` leads is not plain to see"
        raise NoFix(message)
    made = [_by_workdir(file, one, script, moves[0]), _by_option(file, script, chain, moves[0])]
    reason = f"{file.path}:{one.line}: a WORKDIR would split a RUN whose parts belong together"
    yield from at_least_one(made, reason)


def _by_workdir(file: Dockerfile, one: Instruction, script: Script, move: Command) -> Candidate | None:
    where = move.arguments[0].text
    old = work_directory(file, one, _default(file, one))
    stage = stage_of(file, one)
    next_one = next(iter(after(stage, one)), None)
    resets = next_one is not None and next_one.keyword == "WORKDIR" and absolute(next_one.text)
    matters = any(each.keyword in _USES_DIRECTORY for each in after(stage, one)) or _inherited(file, one)
    if old is None and (not absolute(where) or (matters and not resets)):
        return None
    cut = _cut(script, move)
    if cut is None:
        return None
    front, options, behind = cut
    resolved = where if absolute(where) else posixpath.normpath(posixpath.join(old or "/", where))
    run = f"RUN {''.join(f'{flag} ' for flag in one.flags)}"
    first = f"{file.slice(one.start, front)}\n" if front is not None else ""
    text = f"{first}WORKDIR {resolved}\n{run}{options}"
    edits: list[Edit] = [file.edit(one.start, behind, text)]
    if matters and not resets and old is not None and old != resolved:
        edits.append(file.insert_after(one, f"WORKDIR {old}"))
    how = "The directory is plain to see, made where it is missing, and the old one holds again behind it."
    warnings = ["a directory that WORKDIR has to make belongs to root"] if before(file, one, "USER") else []
    return candidate("workdir", edits, how, ["WORKDIR", "RUN"], warnings)


def _cut(script: Script, move: Command) -> tuple[int | None, str, int] | None:
    """Where the first part ends (none where nothing stands in front), options to repeat, where the rest starts.

    None where the parts belong together: state that the shell keeps, or a deletion that makes the layer smaller.
    """
    if script.here:
        return None
    if script.commands[0] is move and len(script.commands) > 1 and _follows(script, move):
        return None, "", script.commands[1].whole
    index = next((number for number, step in enumerate(script.steps) if step.start == move.whole), None)
    if index is None or index + 1 == len(script.steps) or script.steps[index].end != move.end:
        return None
    front, rest = script.steps[:index], script.steps[index + 1 :]
    options = f"{front[0].text} && " if front and _OPTIONS.fullmatch(front[0].text) else ""
    work = [step for step in (front[1:] if options else front) if not _makes(step.text, move.arguments[0].text)]
    if any(_STATE.search(step.text) for step in work) or any(_STATE.search(step.text) for step in rest):
        return None
    if work and (any(_DELETES.search(step.text) for step in rest) or b"#" in _between(script, front[-1].end)):
        return None
    return (front[-1].end if work else None), options, rest[0].start


def _follows(script: Script, move: Command) -> bool:
    """Whether `&&` or `;` stands between the cd and the next command."""
    between = script.text[move.end - script.offset : script.commands[1].whole - script.offset]
    return between.strip() in {b"&&", b";"}


def _makes(text: str, where: str) -> bool:
    """Whether a step does no more than to make the directory, as WORKDIR does."""
    return re.fullmatch(rf"mkdir\s+(?:-p\s+)?{re.escape(where)}/?", text) is not None


def _between(script: Script, end: int) -> bytes:
    return script.file.content[script.instruction.body : end]


def _inherited(file: Dockerfile, one: Instruction) -> bool:
    """Whether the stage is the image itself, or another stage starts from it."""
    name = (stage_of(file, one).name or "").lower()
    return one.stage == len(file.stages) - 1 or any(stage.image.lower() == name for stage in file.stages)


def _in_prefix(call: Command) -> bool:
    """Whether npm does the same for a folder that it is told as in that folder."""
    return call.sub("ci", "install", "i", "run", "run-script", "test", "prune") is not None and not call.says(
        "-g", "--global"
    )


def _by_option(file: Dockerfile, script: Script, chain: list[Command] | None, move: Command) -> Candidate | None:
    behind = [each for each in chain or [] if each.start > move.start]
    if not behind or any(each.name not in _OWN_OPTION or each.program is not each.words[0] for each in behind):
        return None
    if any(each.name == "npm" and not _in_prefix(each) for each in behind):
        return None
    if any(token in script.text for token in (b">", b"<", b"$(", b"`")):
        return None
    where = shlex.quote(move.arguments[0].text) if "$" not in move.arguments[0].text else f'"{move.arguments[0].text}"'
    edits = [file.edit(each.program.end, each.program.end, f" {_OWN_OPTION[each.name]} {where}") for each in behind]
    edits.append(file.edit(move.whole, behind[0].whole, ""))
    how = "Each tool is told its directory; the shell stays where it was, and no layer is added."
    return candidate("directory-option", edits, how, ["RUN"])
