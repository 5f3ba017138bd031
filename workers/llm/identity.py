"""Which model this is, by content: part of every cache key, so that another model's replies are never reused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 1 << 16
_SAMPLES = 16


def fingerprint(*folders: Path | None) -> str:
    """A short hash of the folders' files: small ones whole, weights by size and evenly spaced blocks."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.iterdir()) if folder else ():
            if file.suffix in {".json", ".jinja", ".safetensors"}:
                digest.update(f"{file.name}:{file.stat().st_size}:".encode())
                for block in _blocks(file):
                    digest.update(block)
        digest.update(b"|")
    return digest.hexdigest()[:16]


def _blocks(file: Path) -> Iterator[bytes]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        if size <= _BLOCK * _SAMPLES:
            yield stream.read()
            return
        for number in range(_SAMPLES):
            stream.seek(number * (size - _BLOCK) // (_SAMPLES - 1))
            yield stream.read(_BLOCK)
