"""Columns of a database that have no room for a longer digest."""

from __future__ import annotations

import re

from workers.source.tests import is_test
from workers.source.tree import SourceTree, text_of

_COLUMN = re.compile(
    r"^[ \t]+(?P<name>\w*(?:hash|digest|signature|checksum|fingerprint|md5|sha1?|token|key|secret|nonce))\s*"
    r"(?::[^=\n]+)?="
    r"[^\n]*(?:\bmax_length\s*=\s*|\bString\(|\bVARCHAR\()(?:3[2-9]|[45]\d|6[0-3])\b",
    re.IGNORECASE | re.MULTILINE,
)


def narrow_column(tree: SourceTree) -> str | None:
    """A column of the repository's tables that is called after a digest and is shorter than one of SHA-256."""
    for path in tree.paths():
        if path.endswith(".py") and not is_test(path) and (found := _COLUMN.search(text_of(tree, path))):
            return f"`{found['name']}` of {path}"
    return None
