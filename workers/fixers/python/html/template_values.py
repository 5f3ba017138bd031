"""What templates insert that is meant to stay as it is, and that escaping for HTML would spoil."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from workers.source.tree import SourceTree, text_of

_PAGE = re.compile(r"\.(?:x?html?|xml|svg)(?:\.\w+)?$", re.IGNORECASE)
_UNNAMED = re.compile(r"\.(?:j2|jinja2?|tmpl|tpl)$", re.IGNORECASE)
_INSERTED = re.compile(r"\{\{[-+]?\s*(?P<value>[^{}]*?)\s*[-+]?\}\}")
_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.IGNORECASE | re.DOTALL)
_READY = re.compile(
    r"\|\s*(?:safe|e|escape|forceescape|tojson|striptags|urlencode|int|float|length|count|round)\b"
    r"|^\s*(?:super|caller|loop|self|url_for|varargs)\b|^[\d.]+$"
)
"""Escaped already, plain by its kind, or HTML that Jinja knows to be such."""
_MARKED = re.compile(
    r"html|markdown|markup|\bmd\b|svg|xml|json|\b(?:content|body)\b|nl2br|linkify|render", re.IGNORECASE
)
"""What is HTML, or data for a script, by its name or by the filter that makes it."""
_NEAR = 200
_BLOCK = re.compile(r"(?:</\w+>|<(?:body|main|section|article)\b[^>]*>|\}\})\s*\n[ \t]*$", re.IGNORECASE)
"""What stands in front of a value on a line of its own where a page has its blocks: it may be some of them."""


def spoiled(tree: SourceTree, names: Sequence[str]) -> str | None:
    """The first place of a template that inserts HTML, or a script's data, and does not say so; `None` for none.

    `names`: the files that the environment takes, where these are known.
    """
    known = {posixpath.basename(name) for name in names}
    for path in tree.paths():
        if not (_PAGE.search(path) or _UNNAMED.search(path)) or (known and posixpath.basename(path) not in known):
            continue
        text = text_of(tree, path)
        found = next(_inserted(text), None) if "{{" in text else None
        if found is not None:
            return f"{path}:{text.count(chr(10), 0, found.start()) + 1} (`{found[0]}`)"
    return None


def spoiled_text(text: str) -> str | None:
    """What a template's text inserts as HTML, or as a script's data, without saying so; `None` for nothing."""
    return next((found[0] for found in _inserted(text)), None)


def _inserted(text: str) -> Iterator[re.Match[str]]:
    scripts = [found.span() for found in _SCRIPT.finditer(text)]
    for found in _INSERTED.finditer(text):
        inside = any(start < found.start() < end for start, end in scripts)
        if not _READY.search(found["value"]) and (
            _MARKED.search(found["value"])
            or (inside and not _is_quoted(text, found.start()))
            or (
                text[found.end() :].lstrip(" \t\r")[:1] == "\n"
                and _BLOCK.search(text[max(0, found.start() - _NEAR) : found.start()])
            )
        ):
            yield found


def _is_quoted(text: str, at: int) -> bool:
    """Whether a text of the script is open there, in which an escaped sign is at most shown as such."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return any(line.count(mark) % 2 for mark in "'\"`")
