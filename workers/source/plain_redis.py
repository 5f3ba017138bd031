"""Programs that talk to Redis in the clear, by what a repository's own files say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workers.source.tree import SourceTree, text_of

_PLAIN = re.compile(r"\bredis://(?!(?:localhost|127\.0\.0\.1|redis|cache)\b)")


def talks_plainly(tree: SourceTree, paths: Iterable[str]) -> str:
    """The first of these files by which a program asks a Redis that is not on its own machine without TLS."""
    return next((path for path in paths if _PLAIN.search(text_of(tree, path))), "")
