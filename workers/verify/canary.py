"""A file that must be reported, for scanners whose output proves nothing where nothing is found.

It shows that the scanner's engine ran with its rules; that each file parses is for the parsers to show.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = "canary"


def plant(root: Path, name: str, content: str) -> str:
    """Lay a canary beside the files to scan: its path."""
    file = root / FOLDER / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return f"{FOLDER}/{name}"


def sings(report: bytes, path: str) -> bool:
    """Whether the report names the canary."""
    return path.encode() in report
