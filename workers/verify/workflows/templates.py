"""Workflows that a template engine writes out: what it leaves alone stays between its marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_RAW = re.compile(r"\{%-?\s*(?P<word>raw|verbatim)\s*-?%\}.*?(?:\{%-?\s*end(?P=word)\s*-?%\}|\Z)", re.DOTALL)
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)


def replaced(before: bytes, after: bytes) -> Iterator[str]:
    """GitHub's expressions that the engine would take for its own, and did not before."""
    old, new = before.decode("utf-8", "replace"), after.decode("utf-8", "replace")
    if _RAW.search(old) is None:
        return
    for expression in _outside(new) - _outside(old):
        yield f"`{expression}` stands outside of the template's raw text, where its engine fills it in"


def _outside(text: str) -> Counter[str]:
    return Counter(_EXPRESSION.findall(_RAW.sub("", text)))
