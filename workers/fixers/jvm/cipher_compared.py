"""Ciphertexts that a program makes again and compares, so that the same text has to give the same one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.registry import NoFix, Target
from workers.source.tests import is_test
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_HEAD = re.compile(
    r"^[ \t]*(?:(?:public|private|protected|internal|static|final|override|suspend|synchronized)\s+)*"
    r"(?:fun\s+|[\w<>\[\],.]+\s+)(?P<name>\w+)\s*\([^;{}]*\{",
    re.MULTILINE,
)
_DEPTH = 3
_EQUAL = r"(?:\b(?:equals|equalsIgnoreCase|contentEquals|isEqual)\(|[!=]=)"


def refuse_compared(target: Target, file: Parsed, methods: Sequence[Node]) -> None:
    """Raise where what the methods encrypt, by way of others too, is compared with something.

    Raises:
        NoFix: it is, and with a nonce for each message nothing would be equal any more.
    """
    sources = [
        text_of(target.tree, path)
        for path in target.tree.paths()
        if path.endswith((".java", ".kt")) and not is_test(path)
    ]
    names = {file.text(name) for node in methods if (name := node.child_by_field_name("name")) is not None}
    for _ in range(_DEPTH):
        called = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\(") if names else None
        if called is None:
            return
        for text in sources:
            if called.search(text) and _is_compared(text, called.pattern):
                message = f"{file.path} makes ciphertexts that are compared: each would be another one, with a nonce"
                raise NoFix(message)
        names = {name for text in sources for name in _callers(text, called)} - names


def refuse_one_sided(target: Target, file: Parsed, encrypting: Sequence[Node], decrypting: Sequence[Node]) -> None:
    """Raise where the project encrypts and leaves it to another program to decrypt, or the other way round.

    Raises:
        NoFix: it does, as far as the calls of the two methods show.
    """
    texts = [text_of(target.tree, path) for path in target.tree.paths() if path.endswith((".java", ".kt"))]
    counts = []
    for methods in (encrypting, decrypting):
        names = {file.text(name) for node in methods if (name := node.child_by_field_name("name")) is not None}
        called = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names)))})\(") if names else None
        found = sum(len(called.findall(text)) for text in texts) if called is not None else 0
        counts.append(found > len(methods))
    if counts[0] != counts[1]:
        side = "encrypts" if counts[0] else "decrypts"
        message = f"{file.path} only {side} what another program has to know: GCM changes what is sent"
        raise NoFix(message)


def _is_compared(text: str, called: str) -> bool:
    """Whether a call's outcome, or a variable that is given it, is compared."""
    if re.search(rf"{_EQUAL}[^;{{}}]*?{called}|{called}[^;{{}}]*\)\s*{_EQUAL}", text):
        return True
    made = re.findall(rf"\b(\w+)\s*=\s*[^;{{}}=]*?{called}", text)
    return any(
        re.search(rf"{_EQUAL}[^;{{}}()]*\b{name}\b|\b{name}\s*\.?{_EQUAL}(?!\s*null)", text) for name in set(made)
    )


def _callers(text: str, called: re.Pattern[str]) -> Iterator[str]:
    """The names of the methods that call one of these and may give back what it makes."""
    heads = list(_HEAD.finditer(text))
    for number, head in enumerate(heads):
        end = heads[number + 1].start() if number + 1 < len(heads) else len(text)
        body = text[head.end() : end]
        if called.search(body) and re.search(r"\breturn\b", body) and not head[0].lstrip().startswith(("if", "else")):
            yield head["name"]
