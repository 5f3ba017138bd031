"""Digests that the code knows: another function's never equals them, and a test or a check of a download fails."""

from __future__ import annotations

import re

from workers.source.grammars import language_of
from workers.source.linediff import differences

_WEAK = {b"md5": 32, b"sha1": 40}
"""Hexadecimal digits of a digest that fixes replace."""
_NAMED = re.compile(rb"\b(md5|sha-?1)\b", re.IGNORECASE)
_STRONG = re.compile(rb"\bsha-?(?:256|384|512)\b", re.IGNORECASE)
_KNOWN = re.compile(rb"""["']([0-9a-f]{32}|[0-9a-f]{40})["']""", re.IGNORECASE)
_COMPARES = re.compile(rb"[=!]==?|\b(?:assert|equals?|expect|compare|toBe)", re.IGNORECASE)
_NEAR = 8
"""Lines below the digest in which it is compared."""
_CODE = frozenset(("python", "javascript", "typescript", "tsx", "java", "kotlin", "go"))


def outgrown(path: str, before: bytes, after: bytes) -> str | None:
    """That a digest made longer is still compared with one of the old length, as a phrase; none where it is not."""
    if _NAMED.search(before) is None or _STRONG.search(after) is None or language_of(path, before) not in _CODE:
        return None
    old, new = before.splitlines(), after.splitlines()
    for first, last, now, end in differences(old, new):
        gone, come = b"\n".join(old[first:last]), b"\n".join(new[now:end])
        weak = _NAMED.search(gone)
        if weak is None or not _STRONG.search(come):
            continue
        length = _WEAK[weak[1].lower().replace(b"-", b"")]
        for line in new[now : end + _NEAR]:
            known = _KNOWN.search(line)
            if known is not None and len(known[1]) == length and _COMPARES.search(line):
                return f"a digest is compared with `{known[1].decode()[:8]}…`, which is one of {weak[1].decode()}"
    return None
