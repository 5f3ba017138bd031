"""Applying edits to bytes, and showing them as a unified diff."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from daemon.domain.fix import Edit
from daemon.errors import EditConflict


def apply_edits(original: bytes, edits: Iterable[Edit]) -> bytes:
    """The file after its edits; every byte outside of them stays.

    Raises:
        EditConflict: edits overlap, lie outside the file, or are not of one file.
    """
    ordered = sorted(set(edits))
    if len({edit.path for edit in ordered}) > 1:
        message = "edits of several files cannot be applied to one"
        raise EditConflict(message)
    parts: list[bytes] = []
    position = 0
    for edit in ordered:
        if not position <= edit.start <= edit.end <= len(original):
            span = f"{edit.start}:{edit.end} of {len(original)} bytes"
            message = f"{edit.path}: an edit at {span} overlaps another or lies outside the file"
            raise EditConflict(message)
        parts += (original[position : edit.start], edit.text.encode())
        position = edit.end
    return b"".join((*parts, original[position:]))


def by_path(edits: Iterable[Edit]) -> dict[str, list[Edit]]:
    """Edits grouped by the file they touch, in order."""
    grouped: dict[str, list[Edit]] = {}
    for edit in sorted(set(edits)):
        grouped.setdefault(edit.path, []).append(edit)
    return grouped


_SPECIAL = re.compile(r'[\x00-\x1f\x7f"\\]')
_ESCAPES = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_LONG = 3000
"""Lines: of more, those that come often are not compared by themselves."""


def unified_diff(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    r"""A patch that `git apply` takes at the root; empty where nothing changed.

    Lines end at `\n` alone, as git counts them, so CRLF files keep their bytes. Bytes that are not UTF-8
    pass through as surrogates: write the patch with `errors="surrogateescape"`.
    """
    changed = [path for path in sorted(after) if before[path] != after[path]]
    return "".join(_file_diff(path, before[path], after[path]) for path in changed)


def _file_diff(path: str, before: bytes, after: bytes) -> str:
    # What follows a name with blanks is no part of it: GNU's `patch` wants a tab there.
    behind = "\t\n" if " " in path else "\n"
    names = f"--- {patch_name('a/', path)}{behind}", f"+++ {patch_name('b/', path)}{behind}"
    lines = [*names, *_hunks(_lines(before), _lines(after))]
    body = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return f"{patch_head(path)}{body}"


def patch_head(path: str) -> str:
    """The line with which git begins what a patch changes in a file."""
    return f"diff --git {patch_name('a/', path)} {patch_name('b/', path)}\n"


def patch_name(side: str, path: str) -> str:
    """The path below `a/` or `b/` as git writes it: in quotes where it holds what would end a line or a name."""
    name = f"{side}{path}"
    quoted = _SPECIAL.sub(lambda found: _ESCAPES.get(found[0]) or f"\\{ord(found[0]):03o}", name)
    return name if quoted == name else f'"{quoted}"'


_Code = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]


class _Known(difflib.SequenceMatcher[str]):
    """A comparison whose result is known."""

    def __init__(self, codes: list[_Code]) -> None:
        super().__init__()
        self._codes = codes

    def get_opcodes(self) -> list[_Code]:
        return self._codes


def _hunks(before: list[str], after: list[str]) -> Iterator[str]:
    """The hunks of what lies between the first line that differs and the last: no block that comes twice is moved."""
    pairs = min(len(before), len(after))
    first = next((each for each in range(pairs) if before[each] != after[each]), pairs)
    last = next((each for each in range(pairs - first) if before[-1 - each] != after[-1 - each]), pairs - first)
    inner = before[first : len(before) - last], after[first : len(after) - last]
    matcher = difflib.SequenceMatcher(None, *inner, autojunk=len(inner[0]) > _LONG)
    codes = [(tag, a + first, b + first, c + first, d + first) for tag, a, b, c, d in matcher.get_opcodes()]
    ends = len(before) - last, len(before), len(after) - last, len(after)
    for group in _Known([("equal", 0, first, 0, first), *codes, ("equal", *ends)]).get_grouped_opcodes():
        old, new = (group[0][1], group[-1][2]), (group[0][3], group[-1][4])
        yield f"@@ -{_range(*old)} +{_range(*new)} @@\n"
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from (f" {line}" for line in before[a:b])
            else:
                yield from (f"-{line}" for line in before[a:b])
                yield from (f"+{line}" for line in after[c:d])


def _range(start: int, stop: int) -> str:
    """Lines as a hunk's head names them: from 1, and the line before where there are none."""
    length = stop - start
    return f"{start + 1}" if length == 1 else f"{start + bool(length)},{length}"


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "surrogateescape")
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
