"""Patches that hold no credential and still apply.

A unified diff repeats the lines that it removes: where one of them holds a credential, printing the diff prints the
credential. Git has another form, the binary delta: offsets into the file that lies there, and the new bytes alone.
`git apply` takes both. In front of a delta stands the masked diff, as remarks that git skips, for people.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence

from daemon.domain.edits import unified_diff
from daemon.domain.fix import Candidate
from daemon.masking import MASK, mask

DECLARED = "secret:masked"
"""What a candidate declares whose removed lines hold a credential."""
_SHORTEST_DELTA = 4
_INSERT_BYTES = 127
_COPY_BYTES = 0xFFFF
_LINE_BYTES = 52
_ASSIGNED = re.compile(r"^(?P<before>[^=:]*[=:]\s*)\S")


def removes_secret(candidate: Candidate) -> bool:
    """Whether the candidate says that it removes a credential."""
    return DECLARED in candidate.declares


def safe_patch(before: Mapping[str, bytes], after: Mapping[str, bytes], secret: Collection[str]) -> str:
    """A patch that `git apply` takes: a unified diff, or a delta for files in `secret` and where a diff shows more."""
    patches = []
    for path in sorted(after):
        diff = unified_diff({path: before[path]}, {path: after[path]})
        if diff and (path in secret or mask(diff) != diff):
            diff = _delta_patch(path, before[path], after[path], masked(diff, removed=path in secret))
        patches.append(diff)
    return "".join(patches)


def readable(patch: str) -> str:
    """The patch for people: the diff, or where it is a delta, its remarks."""
    if "\nGIT binary patch\n" not in patch:
        return patch
    return "".join(f"{line[2:]}\n" for line in patch.splitlines() if line.startswith("# "))


def masked(diff: str, *, removed: bool) -> str:
    """The diff for people; with `removed`, the values on its removed lines are masked whatever they look like."""
    lines = mask(diff).splitlines(keepends=True)
    return "".join(_masked(line) if removed and line.startswith("-") and line[:4] != "--- " else line for line in lines)


def _masked(line: str) -> str:
    match = _ASSIGNED.match(line)
    return f"{match['before'] if match else '-'}{MASK}\n"


def _delta_patch(path: str, before: bytes, after: bytes, shown: str) -> str:
    headers = ("diff --git", "--- ", "+++ ")
    remarks = "".join(f"# {line}\n" for line in shown.splitlines() if not line.startswith(headers))
    delta = _delta(before, after)
    # Git refuses deltas this short: the file became empty.
    kind, data = ("delta", delta) if len(delta) >= _SHORTEST_DELTA else ("literal", after)
    return (
        f"# {path}: given as a delta, because its lines hold a credential\n{remarks}"
        f"diff --git a/{path} b/{path}\nindex {_blob(before)}..{_blob(after)}\n"
        f"GIT binary patch\n{kind} {len(data)}\n{_encoded(data)}\n"
    )


def _blob(content: bytes) -> str:
    """The object id that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _delta(before: bytes, after: bytes) -> bytes:
    """Git's delta: copies of what both begin and end with, and the new bytes between."""
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    parts = [_size(len(before)), _size(len(after)), *_copies(0, start)]
    fresh = after[start : len(after) - end]
    for at in range(0, len(fresh), _INSERT_BYTES):
        piece = fresh[at : at + _INSERT_BYTES]
        parts += [bytes([len(piece)]), piece]
    return b"".join((*parts, *_copies(len(before) - end, end)))


def _copies(offset: int, length: int) -> Iterator[bytes]:
    while length > 0:
        size = min(length, _COPY_BYTES)
        yield bytes([0x80 | 0x0F | 0x30]) + offset.to_bytes(4, "little") + size.to_bytes(2, "little")
        offset, length = offset + size, length - size


def _size(number: int) -> bytes:
    parts = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        parts.append(low | (0x80 if number else 0))
        if not number:
            return bytes(parts)


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _encoded(data: bytes) -> str:
    lines = []
    packed = zlib.compress(data)
    for at in range(0, len(packed), _LINE_BYTES):
        piece = packed[at : at + _LINE_BYTES]
        length = chr(ord("A") + len(piece) - 1) if len(piece) <= 26 else chr(ord("a") + len(piece) - 27)
        lines.append(length + base64.b85encode(piece, pad=True).decode() + "\n")
    return "".join(lines)
