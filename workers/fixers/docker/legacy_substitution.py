"""Commands in backticks."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.shell.script import Script
from workers.fixers.docker.shell_quoting import ONE_WORD_COMMAND, splits
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax


@fixer(
    name="docker-legacy-substitution",
    weakness="command in backticks",
    rules={"hadolint": ["SC2006"]},
    explain="""Backticks are the old way to put a command's output in its place: they do not nest, and a backslash in
them means something else than outside. `$(…)` is POSIX too, nests, and reads like what it is.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`$(…)` with the same command."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    edits, marks, quoted = [], [], []
    for node in syntax.walk(script.root):
        text = script.source(node)
        if node.type != "command_substitution" or not text.startswith("`"):
            continue
        if "\\" in text or text.count("`") != len("``"):
            message = f"{file.path}:{one.line}: what a backslash in backticks means is not plain to see"
            raise NoFix(message)
        start, end = script.offset + node.start_byte, script.offset + node.end_byte
        edits += [file.edit(start, start + 1, "$("), file.edit(end - 1, end, ")")]
        if splits(node):
            quoted.append(ONE_WORD_COMMAND.fullmatch(f"$({text[1:-1]})") is not None)
            marks += [file.edit(start, start + 1, '"$('), file.edit(end - 1, end, ')"')]
        else:
            marks += edits[-2:]
    if not edits:
        message = f"{file.path}:{one.line} has no command in backticks that is plain to see"
        raise NoFix(message)
    yield candidate("dollar-parentheses", edits, "The same command, and the same output in its place.", ["RUN"])
    if quoted and all(quoted):
        how = "The same command, with its output in quotes, which is one word: the shell looks for no `*` in it."
        yield candidate("quoted-substitution", marks, how, ["RUN"])
