"""Patches that hold no credential and still apply.

A unified diff repeats the lines that it removes: where one of them holds a credential, printing the diff prints the
credential. Git has another form, the binary delta: offsets into the file that lies there, and the new bytes alone.
`git apply` takes both. In front of a delta stands the masked diff, as remarks that git skips, for people.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from daemon.domain.edits import patch_head, patch_name, unified_diff
from daemon.domain.finding import Finding, Region
from daemon.domain.fix import Candidate
from daemon.errors import SourceUnavailable
from daemon.masking import MASK, mask
from workers.source.tree import SourceTree

Secrets = Mapping[str, Collection[str]]

DECLARED = "secret:masked"
"""What a candidate declares whose removed lines hold a credential."""
_SHORTEST_DELTA = 4
_INSERT_BYTES = 127
_COPY_BYTES = 0xFFFF
_LINE_BYTES = 52
_CATEGORY = "secret"
_KEY = "-----BEGIN"
_MOST_LINES = 100
_DELTA = re.compile(r"^diff --git .*\nindex .*\nGIT binary patch\n(?:.+\n)*\n", re.MULTILINE)
_REMARK = re.compile(r"^# ", re.MULTILINE)
_WORD = re.compile(r"\w")
_VALUE = re.compile(r"[^\s'\"`=:,;(){}\[\]<>|&@]{8,}")
_ASSIGNED = re.compile(r"^(?P<before>[^=:]*[=:]\s*)\S")
_QUOTED = re.compile(r"(?P<mark>['\"`])(?P<said>(?:(?!(?P=mark)).)+)(?P=mark)")
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*|[\w.-]*/[\w./-]*|[A-Za-z]{1,7}")
"""A variable, a path, a short word: said of a line, they give nothing away."""


def removes_secret(candidate: Candidate) -> bool:
    """Whether the candidate says that it removes a credential."""
    return DECLARED in candidate.declares


def secret_lines(candidates: Iterable[Candidate], findings: Iterable[Finding], tree: SourceTree) -> Secrets:
    """Path → its lines that hold a credential: those that such a candidate changes, and those of such a finding.

    A patch of anything else near them would show them as its context.
    """
    spans: dict[str, set[tuple[int, int]]] = {}
    for candidate in candidates:
        for edit in candidate.edits if removes_secret(candidate) else ():
            spans.setdefault(edit.path, set()).add((edit.start, edit.end))
    regions: dict[str, list[Region]] = {}
    for finding in findings:
        if finding.category == _CATEGORY and finding.path and finding.location.region:
            regions.setdefault(finding.path, []).append(finding.location.region)
    found: dict[str, frozenset[str]] = {}
    for path in spans.keys() | regions.keys():
        with contextlib.suppress(SourceUnavailable):
            content = tree.read(path)
            lines = content.decode("utf-8", "surrogateescape").split("\n")
            numbers = {at for region in regions.get(path, ()) for at in _numbers(region, lines)}
            numbers |= {at for start, end in spans.get(path, ()) for at in _changed(content, start, end)}
            found[path] = frozenset(_bare(lines[at]) for at in numbers if at < len(lines) and _WORD.search(lines[at]))
    return found


def safe_patch(before: Mapping[str, bytes], after: Mapping[str, bytes], secret: Secrets, above: str = "") -> str:
    """A patch that `git apply` takes: a unified diff, or a delta where that would show a credential.

    Git looks for the files by the root of the repository, wherever it is called, and passes over all others unsaid.

    Args:
        before: path → bytes.
        after: path → bytes, of the same files.
        secret: path → its lines that hold a credential.
        above: the folder of these paths in its repository, with `/` behind it.
    """
    patches = []
    for path in sorted(after):
        name = above + path
        diff = unified_diff({name: before[path]}, {name: after[path]})
        shown = masked(diff, secret.get(path, ()))
        patches.append(diff if shown == diff else _delta_patch(name, before[path], after[path], shown))
    return "".join(patches)


def readable(patch: str) -> str:
    """The patch for people: its diffs, and of what is a delta the remarks."""
    return _REMARK.sub("", _DELTA.sub("", patch)) if "\nGIT binary patch\n" in patch else patch


def masked(diff: str, lines: Collection[str]) -> str:
    r"""The diff for people, without the values on these lines of the file, whatever they look like.

    A line ends at `\n` alone, as in the diff: one with a form feed in it is no two.
    """
    told, shown = diff.split("\n"), mask(diff).split("\n")
    if not lines:
        return "\n".join(shown)
    values = {value for line in lines for value in _VALUE.findall(line) if _is_value(value)}
    lost = len(told) != len(shown)  # A key of several lines became one word: which line is which is not known any more.
    head = next((at for at, line in enumerate(shown) if line.startswith("@@")), 0)
    return "\n".join(
        _masked(line)
        if (was[:1] in {"-", " "} and _bare(was[1:]) in lines) or (lost and at > head and was[:1] == "-")
        else _without(line, values)
        for at, (was, line) in enumerate(zip(shown if lost else told, shown, strict=True))
    )


def hidden(text: str, lines: Collection[str]) -> str:
    """What is said about a fix, without what it quotes of these lines of the file."""

    def of_a_secret(match: re.Match[str]) -> str:
        said = match["said"]
        quoted = _NAME.fullmatch(said) is None and any(said in line for line in lines)
        return f"{match['mark']}{MASK}{match['mark']}" if quoted else match[0]

    return _QUOTED.sub(of_a_secret, text) if lines else text


def _bare(line: str) -> str:
    return line.rstrip("\r\n")


def _numbers(region: Region, lines: Sequence[str]) -> Iterator[int]:
    """Lines from 0: the first, as the others are mostly the statement around it; all of a key's own."""
    first = region.start_line - 1
    whole = first < len(lines) and _KEY in lines[first]
    last = min(region.end_line or region.start_line, region.start_line + _MOST_LINES) if whole else region.start_line
    yield from range(first, last)


def _changed(content: bytes, start: int, end: int) -> Iterator[int]:
    """Lines, from 0, of which an edit takes a word away."""
    for at, part in enumerate(content[start:end].split(b"\n"), content.count(b"\n", 0, start)):
        if _WORD.search(part.decode("utf-8", "replace")):
            yield at


def _is_value(text: str) -> bool:
    """Whether a word of a line with a credential may be it: letters and digits, as names are seldom."""
    return any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text)


def _without(line: str, values: Collection[str]) -> str:
    """The line without what a line with a credential holds too: a fix may leave it where it is, or move it."""
    if line[:1] != "+":
        return line
    return _VALUE.sub(lambda found: MASK if found[0] in values else found[0], line)


def _masked(line: str) -> str:
    match = _ASSIGNED.match(line)
    return f"{match['before'] if match else line[:1]}{MASK}"


def _delta_patch(path: str, before: bytes, after: bytes, shown: str) -> str:
    hunks = shown[shown.index("\n@@") + 1 :].removesuffix("\n")
    remarks = "".join(f"# {line}\n" for line in hunks.split("\n"))
    delta = _delta(before, after)
    # Git refuses deltas this short: the file became empty.
    kind, data = ("delta", delta) if len(delta) >= _SHORTEST_DELTA else ("literal", after)
    return (
        f"# {patch_name('', path)}: given as a delta, because its lines hold a credential\n{remarks}"
        f"{patch_head(path)}index {_blob(before)}..{_blob(after)}\n"
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
