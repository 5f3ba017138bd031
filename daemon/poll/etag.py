"""The ETag that a download's bytes came with, in a file beside them: what tells later whether they are still the same
file's.
"""

from __future__ import annotations

import re
from pathlib import Path

SUFFIX = ".etag"
_STRONG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')


def beside(partial: Path) -> Path:
    """Where the ETag of these bytes is."""
    return partial.with_name(f"{partial.name}{SUFFIX}")


def kept(partial: Path) -> str | None:
    """The ETag of these bytes, where one is known."""
    try:
        return beside(partial).read_text(encoding="latin-1") or None
    except FileNotFoundError:
        return None


def keep(partial: Path, tag: str) -> None:
    """Remember it. Only a strong one: a weak one stays where the bytes change."""
    if _STRONG.fullmatch(tag):
        beside(partial).write_text(tag, encoding="latin-1")


def forget(partial: Path) -> None:
    """These bytes are of no known file any more."""
    beside(partial).unlink(missing_ok=True)
