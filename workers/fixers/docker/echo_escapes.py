r"""`echo` with `\n` in it, which one shell expands and the next prints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.build import before, candidate, flagged, stage_of
from workers.fixers.docker.shell.command import Command, Word
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_ESCAPE = re.compile(r"\\[abefnrtv0x]")
_LINES = re.compile(r"\\n[\"']?$|^[\"']?#!|\\n[A-Za-z\[#]")
"""Text that is surely meant to be lines."""
_AS_FORMAT = re.compile(r"'(?!-)[^'%\\]*(?:\\[nrt][^'%\\]*)*'|\"(?!-)[^\"%\\$`]*(?:\\[nrt][^\"%\\$`]*)*\"")
"""What `printf` reads as a format just as `echo` reads it as text."""


@fixer(
    name="docker-echo-escapes",
    weakness="escapes that echo may print as they are",
    rules={"hadolint": ["SC2028"]},
    explain=r"""`echo "a\nb"` writes two lines in dash, Debian's /bin/sh, and `a\nb` in bash and in Alpine's shell: the
same step makes another file on another base image. `printf` means the same everywhere: `%b` expands escapes in its
value, `%s` prints them as they are.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`printf` with `%b`, or with the text as its format; with `%s` where the shell prints escapes as they are."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    calls = [call for call in script.named("echo") if any(_ESCAPE.search(word.text) for word in call.arguments)]
    texts = [_text(call) for call in calls]
    if not calls or None in texts:
        what = "what `echo` prints is more than one text" if calls else "no `echo` with escapes is plain to see"
        message = f"{file.path}:{one.line}: {what}"
        raise NoFix(message)
    plain = [(call, text) for call, text in zip(calls, texts, strict=True) if text is not None]
    expands = _expands(file, one)
    if not expands and not all(_LINES.search(text.text) for _, text in plain):
        yield _as_it_stands(file, one, plain, expands)
        return
    how = "Escapes are expanded whatever shell runs it"
    how += ", as the image's own shell does already." if expands else "."
    changes = [] if expands else ["bash and Alpine's shell wrote the escapes as they are until now"]
    yield candidate("printf-escapes", [_by_printf(file, *each, r"%b\n") for each in plain], how, ["RUN"], changes)
    if all(_AS_FORMAT.fullmatch(text.text) for _, text in plain):
        yield candidate("printf-format", [e for each in plain for e in _as_format(file, *each)], how, ["RUN"], changes)


def _as_it_stands(
    file: Dockerfile, one: Instruction, plain: list[tuple[Command, Word]], expands: bool | None
) -> Candidate:
    """What somebody else expands later, such as a prompt: for a shell that is known to leave it to that."""
    if expands is None:
        message = f"{file.path}:{one.line}: whether the image's shell expands it, and should, is not plain to see"
        raise NoFix(message)
    how = "The text is printed as it stands, as the image's shell does already, whatever shell runs it."
    return candidate("printf-as-it-stands", [_by_printf(file, *each, r"%s\n") for each in plain], how, ["RUN"])


def _text(call: Command) -> Word | None:
    """The one text that is printed, behind no option but `-n`."""
    words = call.arguments
    words = words[1:] if words[:1] and words[0].text == "-n" else words
    return words[0] if len(words) == 1 and not words[0].text.startswith("-") else None


def _by_printf(file: Dockerfile, call: Command, text: Word, form: str) -> Edit:
    form = form.removesuffix(r"\n") if call.arguments[0] is not text else form
    return file.edit(
        call.program.start, call.program.end if form.endswith("n") else call.arguments[0].end, f"printf '{form}'"
    )


def _as_format(file: Dockerfile, call: Command, text: Word) -> Iterator[Edit]:
    if call.arguments[0] is text:
        yield file.edit(call.program.start, call.program.end, "printf")
        yield file.edit(text.end - 1, text.end - 1, r"\n")
    else:
        yield file.edit(call.program.start, call.arguments[0].end, "printf")


def _expands(file: Dockerfile, one: Instruction) -> bool | None:
    """Whether the `echo` of the shell that runs it expands escapes; none where that is not known."""
    if before(file, one, "SHELL"):
        return False
    family = base_of(file, stage_of(file, one)).family
    return {"debian": True, "alpine": False, "redhat": False, "suse": False}.get(family or "")
