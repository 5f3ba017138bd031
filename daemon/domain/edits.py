"""Applying edits to bytes, and showing them as a unified diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

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


def unified_diff(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    r"""A patch that `git apply` takes at the root; empty where nothing changed.

    Lines end at `\n` alone, as git counts them, so CRLF files keep their bytes. Bytes that are not UTF-8
    pass through as surrogates: write the patch with `errors="surrogateescape"`.
    """
    changed = [path for path in sorted(after) if before[path] != after[path]]
    return "".join(_file_diff(path, before[path], after[path]) for path in changed)


def _file_diff(path: str, before: bytes, after: bytes) -> str:
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}")
    body = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return f"diff --git a/{path} b/{path}\n{body}"


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "surrogateescape")
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
