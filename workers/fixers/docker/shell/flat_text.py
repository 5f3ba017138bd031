"""The text of a script that is continued over lines, as one line, and how its tree is made of `&&`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.fixers.registry import NoFix

if TYPE_CHECKING:
    from tree_sitter import Node

_COMMENT = re.compile(rb"(?<=[\s\\])`[ \t]*#[^`\n\\]*`(?=[\s\\])")
_JOINED_WORD = re.compile(rb"[\w\"'/.$}-]")


def flat(raw: bytes, escape: bytes) -> bytes:
    """Continued text on one line, every byte at its place: continuations and comments become blanks.

    A comment is a line of its own, or stands in backquotes: a command that does nothing, between arguments.

    Raises:
        NoFix: a word is broken over two lines.
    """
    lines = _COMMENT.sub(lambda found: b" " * len(found[0]), raw).splitlines(keepends=True)
    parts: list[bytes] = []
    continued = False
    for line in lines:
        bare = line.rstrip()
        if continued and (not bare or bare.lstrip().startswith(b"#")):
            parts.append(b" " * len(line))
            continue
        if continued and _glued(parts[-1] if parts else b"", line):
            message = "a word of the script is broken over two lines"
            raise NoFix(message)
        continued = bare.endswith(escape)
        if continued:
            kept = bare[: -len(escape)]
            parts.append(kept + b" " * (len(line) - len(kept)))
        else:
            parts.append(line)
    return b"".join(parts)


def _glued(before: bytes, line: bytes) -> bool:
    kept = before.rstrip(b" ")
    return bool(
        kept and len(before) - len(kept) <= 2 and _JOINED_WORD.match(kept[-1:]) and _JOINED_WORD.match(line[:1])
    )


def top(node: Node) -> bool:
    """Whether a command stands in no subshell, loop, condition, function or substitution."""
    parent = node.parent
    while parent is not None:
        if parent.type not in {"list", "pipeline", "redirected_statement", "program"}:
            return False
        parent = parent.parent
    return True


def and_list(node: Node) -> list[Node] | None:
    """The simple commands that `&&` alone joins; none where there is more."""
    if node.type == "command":
        return [node]
    if node.type == "redirected_statement":
        inner = node.named_children[0]
        return [inner] if inner.type == "command" and "<<" not in str(node.text) else None
    if node.type != "list" or any(child.type != "&&" for child in node.children if not child.is_named):
        return None
    found: list[Node] = []
    for child in node.named_children:
        below = and_list(child)
        if below is None:
            return None
        found += below
    return found


def flat_list(node: Node) -> Iterator[Node]:
    """What `&&` joins at the top, in order."""
    if node.type == "list" and all(child.type == "&&" for child in node.children if not child.is_named):
        for child in node.named_children:
            yield from flat_list(child)
    else:
        yield node
