"""`cd` in a RUN."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.build import (
    absolute,
    after,
    at_least_one,
    before,
    candidate,
    flagged,
    is_root,
    pairs,
    stage_of,
    trivy,
    user_at,
    work_directory,
)
from workers.fixers.docker.edits import insert_above
from workers.fixers.docker.shell.cd_several import parted
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_PLAIN = re.compile(r"[\w./${}+@%=-]+")
_OWN_OPTION = {
    "make": "-C", "git": "-C", "ninja": "-C", "pnpm": "-C", "yarn": "--cwd", "gradle": "-p", "uv": "--directory",
    "poetry": "-C", "composer": "-d", "npm": "--prefix",
}  # fmt: skip
_OPTIONS = re.compile(r"set(?:\s+[-+]\w+|\s+pipefail)+")
_STATE = re.compile(r"^\s*(?:\w+=\S*\s*$|\w+=[\"'$(]|(?:export|set|cd|umask|source|alias|\.)\s)")
_MAY_BE_THERE = re.compile(r"/(?:tmp|opt|srv|root|src|build|app|work\w*|data|home|usr/src|usr/local)(?:/|$)")
"""Folders that no package of a distribution brings, so that it may find them there already."""
_PLACELESS = re.compile(
    r"set\s[-+\w\s]+|(?:apt-get|apt|apk|yum|dnf|microdnf|zypper|groupadd|useradd|addgroup|adduser|ldconfig|"
    r"update-ca-certificates)(?:\s+[\w./:=@+~*,-]+)*|mkdir\s+-p(?:\s+/[\w./-]+)+|rm\s+-r?f?r?(?:\s+/[\w./*-]+)+|"
    r"(?:curl|wget)(?:\s+(?:-[a-zA-Z]+|--[\w-]+(?:=\S+)?))*\s+-[oO]\s+/[\w./-]+\s+https?://[\w./:@%+=,${}?&-]+|"
    r"git\s+clone(?:\s+--[\w-]+(?:[ =][\w.]+)?)*\s+https?://[\w./:@-]+\s+/[\w./-]+"
)
"""What does the same wherever it runs."""
_RELATIVE = re.compile(r"(?:^|\s)(?!https?:)[\w.-]+/|(?:^|\s)\.{1,2}(?:\s|$)|\.(?:deb|rpm|apk)(?:\s|$)")
_DELETES = re.compile(r"\brm\b|\bpurge\b|\bapk\s+del\b|\bautoremove\b|\bclean\b")
_REMOVES = re.compile(r"(?:sudo\s+)?rm\s+-\w*[rR]")
_USES_DIRECTORY = frozenset(("RUN", "CMD", "ENTRYPOINT", "COPY", "ADD", "WORKDIR", "HEALTHCHECK"))


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
    if len(moves) > 1 and all(move.top for move in moves):
        message = f"{file.path}:{one.line} changes its directory more than once, and its parts belong together"
        yield from at_least_one([_parted(file, one, script, moves)], message)
        return
    if len(moves) != 1 or not moves[0].top:
        message = f"{file.path}:{one.line} changes its directory more than once, or within a loop or a subshell"
        raise NoFix(message)
    words = moves[0].arguments
    if len(words) != 1 or not _PLAIN.fullmatch(words[0].text) or words[0].text.startswith("-"):
        message = f"{file.path}:{one.line}: where `cd` leads is not plain to see"
        raise NoFix(message)
    _refuse_unknown_variable(file, one, words[0].text)
    if any(
        words[0].text in step.text for step in script.steps if step.start > moves[0].start and _REMOVES.match(step.text)
    ):
        message = f"{file.path}:{one.line} removes {words[0].text} again: a WORKDIR would keep it in a layer of its own"
        raise NoFix(message)
    made = [
        _by_workdir(file, one, script, moves[0]),
        _by_workdir_in_front(file, one, script, moves[0]),
        _by_option(file, script, chain, moves[0]),
    ]
    reason = f"{file.path}:{one.line}: a WORKDIR would split a RUN whose parts belong together"
    yield from at_least_one(made, reason)


def _refuse_unknown_variable(file: Dockerfile, one: Instruction, where: str) -> None:
    """Say which variable only the shell knows: WORKDIR fills in what ENV and ARG set, and takes others for empty.

    Raises:
        NoFix: there is one.
    """
    known = {name for each in before(file, one, "ENV", "ARG") for name in pairs(each)}
    known |= {each.text for each in before(file, one, "ARG") if re.fullmatch(r"\w+", each.text)}
    known |= {"GOPATH"} if base_of(file, stage_of(file, one)).image == "golang" else set()
    unknown = [name for name in re.findall(r"\$\{?(\w+)", where) if name not in known]
    if unknown:
        message = f"{file.path}:{one.line}: no ENV or ARG of the file sets ${unknown[0]}, so no WORKDIR can lead there"
        raise NoFix(message)


def _leave(file: Dockerfile, one: Instruction, where: str) -> tuple[bool, str | None]:
    """Whether what follows can stand behind a WORKDIR to `where`, and the directory to set again there, if any."""
    old = work_directory(file, one, base_of(file, stage_of(file, one)).directory)
    stage = stage_of(file, one)
    next_one = next(iter(after(stage, one)), None)
    resets = next_one is not None and next_one.keyword == "WORKDIR" and absolute(next_one.text)
    matters = any(each.keyword in _USES_DIRECTORY for each in after(stage, one)) or _inherited(file, one)
    if old is None and (not absolute(where) or (matters and not resets)):
        return False, None
    return True, old if matters and not resets else None


def _parted(file: Dockerfile, one: Instruction, script: Script, moves: list[Command]) -> Candidate | None:
    old = work_directory(file, one, base_of(file, stage_of(file, one)).directory)
    possible, again = _leave(file, one, moves[0].arguments[0].text if moves[0].arguments else "")
    return parted(script, moves, old, again) if possible else None


def _made_by_user(file: Dockerfile, one: Instruction, script: Script, move: Command) -> bool:
    """Whether the step makes the directory as an ordinary user, whose it would not be if WORKDIR made it."""
    user = user_at(file, one)
    if user is None or is_root(user):
        return False
    where = move.arguments[0].text
    return any(where in step.text for step in script.steps if step.start < move.whole)


def _by_workdir_in_front(file: Dockerfile, one: Instruction, script: Script, move: Command) -> Candidate | None:
    """One RUN as before, in the directory from its start: what stands in front of the cd names no relative path."""
    where = move.arguments[0].text
    index = next((number for number, step in enumerate(script.steps) if step.start == move.whole), 0)
    possible, old = _leave(file, one, where)
    if script.here or not index or index + 1 == len(script.steps) or script.steps[index].end != move.end:
        return None
    if not possible or not _MAY_BE_THERE.match(where) or _made_by_user(file, one, script, move):
        return None
    if not all(_PLACELESS.fullmatch(step.text) and not _RELATIVE.search(step.text) for step in script.steps[:index]):
        return None
    edits = [
        insert_above(file, one, f"WORKDIR {where}"),
        file.edit(move.whole, script.steps[index + 1].start, ""),
    ]
    if old is not None and old != where:
        edits.append(file.insert_after(one, f"WORKDIR {old}"))
    how = "The step stays one, in its directory from the start: what came before the `cd` is the same everywhere."
    warnings = ["a directory that WORKDIR has to make belongs to root"] if before(file, one, "USER") else []
    return candidate("workdir-in-front", edits, how, ["WORKDIR", "RUN"], warnings)


def _by_workdir(file: Dockerfile, one: Instruction, script: Script, move: Command) -> Candidate | None:
    where = move.arguments[0].text
    old = work_directory(file, one, base_of(file, stage_of(file, one)).directory)
    possible, again = _leave(file, one, where)
    if not possible or _made_by_user(file, one, script, move):
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
    how = "The directory is plain to see, and made where it is missing"
    if again is not None and again != resolved:
        edits.append(file.insert_after(one, f"WORKDIR {again}"))
        how += "; the old one holds again behind it"
    warnings = ["a directory that WORKDIR has to make belongs to root"] if before(file, one, "USER") else []
    return candidate("workdir", edits, f"{how}.", ["WORKDIR", "RUN"], warnings)


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
