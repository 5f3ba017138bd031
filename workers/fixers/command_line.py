"""Shell command lines taken apart into the arguments that a shell would make of them."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from workers.fixers.pieces import Template, Value
from workers.fixers.registry import NoFix

Join = Callable[[Sequence[str | Value]], str | None]
_PRIVATE = 0xE000
_SHELL_SYNTAX = re.compile(r"[|&;<>()$`*?\[\]#~!{}\n\\]|^\s*\w+=|%\w+%|[\ue000-\uf8ff]")
_BUILTINS = frozenset(
    {"cd", "export", "source", ".", "set", "unset", "alias", "ulimit", "umask", "exec", "eval", "exit", "if", "for"}
    | {"while", "until", "case", "time", "command", "read", "trap", "wait", "hash", "pushd", "popd", "history"}
    # Those of Windows, which are no programs there.
    | {"cls", "copy", "del", "erase", "move", "ren", "md", "rd", "title", "color", "pause", "start", "ver"}
    | {"call", "dir", "mklink", "type"}
)
_SEVERAL = re.compile(
    r"(?:^|_|(?<=[a-z])(?=[A-Z]))(?:args|arguments|argv|cmds?|commands?|command_?line|opts|options|flags|params|parameters|switches)$"
    r"|pattern$|glob$|wildcard$|(?<![asiu])s$",
    re.IGNORECASE,
)
"""Names in the plural, and of what a shell turns into several names."""


def refuse_several(lines: Iterable[Template], where: str) -> None:
    """Say so where a value of a command line is, by its name, a piece of it with several words.

    Raises:
        NoFix: in a list it would be one argument.
    """
    for value in (each for line in lines for each in _bare(line)):
        name = (re.findall(r"[A-Za-z_]\w*", value.source) or [""])[-1]
        if _SEVERAL.search(name):
            message = f"{where}: `{name}` may hold several arguments or none: make it a list where it is put together"
            raise NoFix(message)


def _bare(line: Template) -> Iterator[Value]:
    """The values that no quotation mark stands before, so that a shell takes them apart."""
    for before, part in itertools.pairwise(["", *line.parts]):
        if isinstance(part, Value) and not (isinstance(before, str) and before.endswith(('"', "'"))):
            yield part


def words_of(line: Template, join: Join) -> list[str] | None:
    """The arguments as expressions; `None` where only a shell can run the line, or a value names the program."""
    words = _words(line)
    if words is None:
        return None
    written = [join(word) for word in words]
    return None if None in written else [each for each in written if each is not None]


def _words(line: Template) -> list[list[str | Value]] | None:
    """The words a shell would make of the line, each value being a part of one word."""
    if any(not value.plain for value in line.values) or _SHELL_SYNTAX.search(line.literal):
        return None
    marks = {chr(_PRIVATE + index): value for index, value in enumerate(line.values)}
    numbers = iter(marks)
    text = "".join(part if isinstance(part, str) else next(numbers) for part in line.parts)
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if not words or words[0] in _BUILTINS or any(mark in words[0] for mark in marks):
        return None
    return [_pieces(word, marks) for word in words]


def _pieces(word: str, marks: Mapping[str, Value]) -> list[str | Value]:
    pieces = re.split(f"([{chr(_PRIVATE)}-{chr(_PRIVATE + 0xFF)}])", word)
    return [marks.get(piece, piece) for piece in pieces if piece] or [""]
