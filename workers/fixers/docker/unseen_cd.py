"""`cd` whose failure nobody sees."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer


@fixer(
    name="docker-unseen-cd",
    weakness="failed cd goes unseen",
    rules={"hadolint": ["SC2164"]},
    explain="""`cd src; make` runs make wherever the shell is when src does not exist, and `rm -rf *` behind such a `cd`
empties the wrong folder. Joined by `&&`, or with `|| exit 1`, the step ends there.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`&&` for the `;` behind it; or the way out."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    open_ended = [call for call in script.named("cd") if _behind(script, call)[:1] in {b";", b"\n"}]
    if not open_ended:
        message = f"{file.path}:{one.line} has no `cd` with a `;` behind it that is plain to see"
        raise NoFix(message)
    if all(_behind(script, call)[:1] == b";" and not _ends(script, call) for call in open_ended):
        edits = []
        for call in open_ended:
            at = call.end + _gap(script, call)
            edits.append(file.edit(at, at + 1, "&&" if _gap(script, call) else " &&"))
        how = "What follows runs in that directory or not at all."
        yield candidate("and-list", edits, how, ["RUN"])
    exits = [file.edit(call.end, call.end, " || exit 1") for call in open_ended]
    yield candidate("or-exit", exits, "The step fails where the directory is not there.", ["RUN"])


def _gap(script: Script, call: Command) -> int:
    rest = script.text[call.end - script.offset :]
    return len(rest) - len(rest.lstrip(b" \t"))


def _behind(script: Script, call: Command) -> bytes:
    return script.text[call.end - script.offset :].lstrip(b" \t")


def _ends(script: Script, call: Command) -> bool:
    """Whether nothing follows, or what the list goes on with is no command (`done`, `fi`, `}`)."""
    rest = _behind(script, call)[1:].lstrip()
    return not rest or rest.startswith((b"done", b"fi", b"}", b")", b";", b"else", b"elif", b"#"))
