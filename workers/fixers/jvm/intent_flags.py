"""What the flags of a pending intent come to, wherever the app says so."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.registry import Target
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_PLAIN = re.compile(r"(?:(?:android\.app\.)?(?:PendingIntent|Intent)\.)?FLAG_\w+|\bor\b|\b(?:0x)?\d+\b")
_NAMED = re.compile(r"(?:\b(?P<holder>[\w.]+)\.)?\b(?P<name>[A-Za-z_]\w*)(?P<called>\s*\()?")


def meant_by(target: Target, file: Parsed, flags: Node, parameters: Collection[str]) -> str | None:
    """The flags as they are written, with what each name in them stands for; `None` where one is not to be seen."""
    text = file.text(flags)
    found = [text]
    for match in _NAMED.finditer(_PLAIN.sub(" ", text)):
        name = match["name"]
        if name in parameters and not match["called"]:
            continue
        said = _called(target, name) if match["called"] else _held(target, file, name)
        if not said:
            return None
        found.append(said)
    return "".join(found)


def _held(target: Target, file: Parsed, name: str) -> str:
    """What a variable of the file is given, or else one that is declared elsewhere in the app."""
    here = _values(file.content.decode("utf-8", "replace"), name)
    if not here:
        declared = re.compile(rf"\b(?:va[lr]|int|Integer)\s+{name}\b")
        here = [each for text in _sources(target) if declared.search(text) for each in _values(text, name)]
    said = "".join(here)
    calls = re.search(r"\b([a-z]\w*)\s*\([^()]*\)", said)
    return said + (_body(target, calls[1]) if calls is not None else "")


def _called(target: Target, name: str) -> str:
    """What a function of the app says, or the variable that Kotlin lets Java read by one."""
    body = _body(target, name)
    read = re.fullmatch(r"get([A-Z]\w*)", name)
    if body or read is None:
        return body
    names = (read[1], read[1][:1].lower() + read[1][1:])
    return "".join(each for text in _sources(target) for one in names for each in _values(text, one))


def _sources(target: Target) -> Iterator[str]:
    return (text_of(target.tree, path) for path in target.tree.paths() if path.endswith((".java", ".kt")))


def _values(source: str, name: str) -> list[str]:
    """What the name is given in the source: the line, and those below it where an `if` or a sum goes on there."""
    found = []
    for match in re.finditer(rf"\b{name}\s*(?::\s*Int\s*)?=(?!=)", source):
        rest = source[match.end() :].lstrip()
        lines = rest.split("\n")
        end = next((i for i, line in enumerate(lines) if _is_over("\n".join(lines[: i + 1]), lines[i + 1 : i + 2])), 0)
        found.append("\n".join(lines[: end + 1]))
    return found


def _is_over(text: str, following: list[str]) -> bool:
    """Whether what stands there is whole, and the next line does not go on with it."""
    whole = all(text.count(a) <= text.count(b) for a, b in ("()", "{}"))
    goes_on = re.search(r"(?:\||\bor|[=?:])\s*$", text) or re.match(r"\s*(?:\||or\b|else\b|[?:])", "".join(following))
    return ";" in text or (whole and not goes_on)


def _body(target: Target, name: str) -> str:
    """The lines after the head of the app's function of that name; empty where there is none, or more than one."""
    defined = re.compile(
        rf"(?:fun\s+|\bint\s+){name}\s*\([^)]*\)(?P<body>[^{{]*\{{[^{{}}]*(?:\{{[^{{}}]*\}}[^{{}}]*)*\}}|[^\n]*=.*(?:\n.*){{0,6}})"
    )
    found = [match["body"] for text in _sources(target) for match in defined.finditer(text)]
    return found[0] if len(found) == 1 else ""
