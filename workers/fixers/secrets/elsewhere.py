"""What stands around a credential: the same value in other files, and the key of an example."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from daemon.domain.finding import Finding
from daemon.errors import SourceUnavailable
from workers.fixers.code import Text
from workers.fixers.registry import Harmless, NoFix, Target
from workers.fixers.secrets.configuration import Setting, pairs
from workers.fixers.secrets.names import ROTATE, given_out
from workers.source.remembered import remembered
from workers.source.tree import SourceTree

_VALUE = re.compile(rb"(?<![\w+/.~-])(?=[\w+/.~-]*\d)(?=[\w+/.~-]*[A-Za-z])[\w+/.~-]{16,}={0,2}(?![\w+/~-])")
"""Long enough, and mixed enough, to stand in two files on purpose alone; not the name in front of it."""
_DOCUMENTS = (".md", ".rst", ".txt", ".adoc", ".html")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_A_TABLE = 20
_MAX_BYTES = 512 * 1024
_MAX_FILES = 5000
_MOST_TOGETHER = 64 * 2**20
_GIVEN_OUT = re.compile(
    rb"(?<![A-Za-z0-9])(?:gh[opsur]_|github_pat_|glpat-|xox[abpr]-|[rs]k_live_|npm_|dop_v1_|AIza|SG\.)[\w.-]{16,}"
)
_AWS_ID = re.compile(rb"\bA(?:KIA|SIA)[A-Z2-7]{16}\b")
_KEY = re.compile(r"[\s\-]*[\"']?(?P<key>[A-Za-z_][\w-]*)[\"']?\s*:")
_EXAMPLES = frozenset(("example", "examples", "x-example", "x-examples"))
_STRUCTURED = frozenset((".json", ".yaml", ".yml"))


def held_elsewhere(target: Target, file: Text, line: int) -> tuple[str, ...]:
    """The other files that hold the same value, where each of them may be mended by itself.

    What a provider gave out fits the provider, and goes on working wherever it still stands. Anything else fits
    what the other file sets or checks.

    Raises:
        NoFix: another file holds it, and one that is taken out alone fits it no more.
    """
    every = _together(target.tree)
    here = file.content if _counts(file.path, file.content) else b""
    values = {
        each: _whole(each)
        for each in _VALUE.findall(file.line(line))
        if every is None or every.count(each) > here.count(each)
    }
    found = (
        path
        for path, content in (_files(target.tree) if values else ())
        if path != file.path and any(value in content and whole.search(content) for value, whole in values.items())
    )
    if _is_given_out(target.finding, file, line):
        return tuple(found)
    if (other := next(found, None)) is not None:
        message = (
            f"{other} holds the same value as {file.path}:{line}: what is taken out of one alone fits the other no "
            f"more. Take it out of all at once. {ROTATE}"
        )
        raise NoFix(message)
    return ()


def _is_given_out(finding: Finding, file: Text, line: int) -> bool:
    """Whether a provider gave it out: by its form, the rule that knows that, or beside the id of a key of AWS."""
    around = b"\n".join(file.line(each) for each in range(max(1, line - 1), min(line + 1, len(file.starts)) + 1))
    known = given_out(finding) is not None or _GIVEN_OUT.search(file.line(line)) is not None
    return known or (b"secret" in around.lower() and _AWS_ID.search(around) is not None)


def _files(tree: SourceTree) -> Iterator[tuple[str, bytes]]:
    for path in itertools.islice(tree.paths(), _MAX_FILES):
        with contextlib.suppress(SourceUnavailable):
            content = tree.read(path)
            if _counts(path, content):
                yield path, content


def _counts(path: str, content: bytes) -> bool:
    return not path.endswith(_DOCUMENTS) and len(content) <= _MAX_BYTES


@remembered
def _together(tree: SourceTree) -> bytes | None:
    """All that is looked at, as one text: most values stand nowhere else, and need no file to be read again.

    None where it is too much to be kept.
    """
    found = bytearray()
    for _, content in _files(tree):
        found += content + b"\n"
        if len(found) > _MOST_TOGETHER:
            return None
    return bytes(found)


def _whole(value: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w-])" + re.escape(value) + rb"(?![\w-])")


def refuse_row(file: Text, found: Setting, shown: str) -> None:
    """Say so where the value is one of many UUIDs that go by the same key: a table of what has them for names.

    Raises:
        Harmless: it is.
    """
    if not _UUID.fullmatch(shown):
        return
    alike = {file.slice(each.start, each.end).strip("\"'") for each in pairs(file) if each.key == found.key}
    rows = sum(_UUID.fullmatch(each) is not None for each in alike)
    if rows >= _A_TABLE:
        where = f"{file.path}:{file.line_of(found.start)}"
        message = f"{where} is one of {rows} UUIDs that stand for the rows of a table, and lets nobody in"
        raise Harmless(message)


def refuse_example(file: Text, line: int) -> None:
    """Say so where the value stands below a key called `example`, as descriptions of an API have them.

    Raises:
        Harmless: it does.
    """
    if PurePosixPath(file.path).suffix not in _STRUCTURED:
        return
    depth = _depth(file, line) + 1
    for number in range(line, 0, -1):
        text = file.line(number).decode("utf-8", "replace")
        key = _KEY.match(text)
        if key is None or _depth(file, number) >= depth:
            continue
        depth = _depth(file, number)
        if key["key"].lower() in _EXAMPLES:
            message = f"{file.path}:{line} is the example of a description: it shows a form and opens nothing"
            raise Harmless(message)


def _depth(file: Text, line: int) -> int:
    text = file.line(line).decode("utf-8", "replace").expandtabs(4)
    return len(text) - len(text.lstrip(" "))
