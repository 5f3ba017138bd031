"""Imports of Java and Kotlin, kept in the order that a file has them in."""

from __future__ import annotations

import re

from daemon.domain.fix import Edit
from workers.fixers.code import Parsed

_NAME = re.compile(rb"import\s+(?P<name>[\w.*]+)\s*;?\s*$")


def import_in_order(file: Parsed, old: re.Match[bytes], name: str) -> list[Edit]:
    """One import for another, `value` of the match: where it stands, or further up where its neighbours are sorted."""
    line = file.line_of(old.start())
    above: list[str] = []
    while line - 1 - len(above) >= 1 and (found := _NAME.match(file.line(line - 1 - len(above)).strip())):
        above.append(found["name"].decode())
    later = [each for each in above if each > name]
    plain = above == sorted(above, reverse=True) and later == above[: len(later)]
    own = _NAME.match(file.line(line).strip())
    if not later or not plain or own is None or line >= len(file.starts):
        return [file.edit(old.start("value"), old.end("value"), name)]
    end = ";" if file.line(line).strip().endswith(b";") else ""
    return [
        file.edit(file.starts[line - 1], file.starts[line], ""),
        file.insert(file.starts[line - 1 - len(later)], f"import {name}{end}\n"),
    ]
