"""bytes of one file → `Report`, every raw row of it accounted for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.report import Report, Row
from daemon.errors import Permanent, ReportBroken, UnknownFormat
from daemon.masking import mask
from workers.parsers.content import NotReport, Probe, Shape, XMLError, examine
from workers.parsers.finish import Finisher
from workers.parsers.paths import PathResolver
from workers.parsers.registry import PARSERS, Document, Parsed, Parser

__all__ = ["NotReport", "read"]

MAX_ROWS = 1_000_000
_MAX_NOTES = 50
_BARE = frozenset({b"[]", b"null", b'{"results":[]}'})
_LONGEST_BARE = 64
_LFS = "version https://git-lfs.github.com/"
_OTHER_DATA = {
    "testsuites": "a JUnit report of tests",
    "testsuite": "a JUnit report of tests",
    "coverage": "a Cobertura report of test coverage",
    "project": "a Maven project",
}
"""XML that lies beside reports and is none, by its root."""
_sorted_json = msgspec.json.Encoder(order="deterministic")


def read(
    content: bytes, path: str, *, tool: str | None = None, root: str | None = None, max_rows: int = MAX_ROWS
) -> Report | NotReport:
    """The bytes of one file → its report, or quietly nothing where it is a page, an image, a log.

    The content decides what it is; `path` only names it in messages. A caller that ran the scanner itself says so
    with `tool`, which settles what content cannot (`[]` or nothing at all, from a scanner that found nothing), and
    gives with `root` the folder it scanned, so that absolute paths below it become relative.

    Raises:
        ReportBroken: it looks like a known format and cannot be decoded as it, or has more than `max_rows` rows.
        UnknownFormat: it is data of some kind, but no parser knows it; an empty file is such.
    """
    try:
        probe = examine(content)
        if isinstance(probe, NotReport):
            return probe
        if (clean := _clean_report(probe, path, tool)) is not None:
            return clean
        found = _recognise(probe, tool)
        if found is None:
            return _unknown(probe, path)
        document = Document(path=path, probe=probe, paths=PathResolver([root] if root else []))
        return _report(found, document, max_rows)
    except Permanent as error:
        message = f"{path}: {error}"
        raise type(error)(message) from error


def _clean_report(probe: Probe, path: str, tool: str | None) -> Report | None:
    """A report of no rows, for content that is a clean scan and nothing more."""
    if len(probe.data) > _LONGEST_BARE:
        return None
    text = b"".join(probe.data.split())
    for candidate in PARSERS:
        if tool in candidate.tools and text in candidate.clean and tool is not None:
            return Report(tool=tool, format=candidate.name, path=path, rows=())
    if text in _BARE:
        note = "an empty list: a clean scan, of a scanner that cannot be told from it"
        return Report(tool=tool or "unknown", format="empty-list", path=path, rows=(), notes=(note,))
    return None


def _recognise(probe: Probe, tool: str | None) -> Parser | None:
    found = [candidate for candidate in PARSERS if candidate.recognises(probe)]
    return next((candidate for candidate in found if tool in candidate.tools), found[0] if found else None)


def _unknown(probe: Probe, path: str) -> NotReport:
    """What to say of content that no parser knows; a file whose name promises a report is never passed over."""
    if not probe.data.strip():
        message = "the file is empty; a scanner that found nothing still writes a report"
        raise UnknownFormat(message)
    if probe.shape is Shape.TEXT and not _promises_data(path):
        return NotReport("it is plain text (Markdown, a log), in no report format known here")
    if probe.shape is Shape.TEXT:
        first = mask(probe.data.strip().decode("utf-8", "replace")).partition("\n")[0][:120]
        hint = "a pointer of Git LFS in place of the file" if first.startswith(_LFS) else "plain text, no data"
        message = f"it is {hint}: did the scanner fail? It begins {first!r}"
        raise UnknownFormat(message)
    if (noun := _OTHER_DATA.get(probe.root)) and probe.shape is Shape.XML:
        return NotReport(f"it is {noun}")
    shown = ", ".join(sorted(probe.fields)[:8]) or probe.root or "nothing to tell it by"
    message = f"no parser knows this {probe.shape} ({shown[:200]})"
    raise UnknownFormat(message)


def _promises_data(path: str) -> bool:
    return path.lower().endswith((".sarif", ".json", ".jsonl", ".xml"))


def _report(found: Parser, document: Document, max_rows: int) -> Report:
    finisher = Finisher()
    rows: list[Row] = []
    try:
        parsed = found.parse(document)
        rows.extend(_rows(parsed, finisher, max_rows))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, *XMLError) as error:
        where = f"row {len(rows)}: " if rows else ""
        message = f"it looks like {found.name} and cannot be decoded as it: {where}{_short(error)}"
        raise ReportBroken(message) from error
    return Report(
        tool=parsed.tool,
        tool_version=finisher.line(parsed.tool_version),
        format=found.name,
        path=document.path,
        rows=tuple(rows),
        tools=tuple(dict.fromkeys((*parsed.tools, parsed.tool))),
        scanned=parsed.scanned,
        lists_all=parsed.lists_all,
        unread=parsed.unread,
        notes=tuple(finisher.clean(note, 500) for note in parsed.notes[:_MAX_NOTES]),
        complete=parsed.complete,
    )


def _rows(parsed: Parsed, finisher: Finisher, max_rows: int) -> Iterator[Row]:
    for index, (raw, outcome) in enumerate(parsed.rows):
        if index >= max_rows:
            message = f"it has more than {max_rows:,} rows: split the report, or raise the limit"
            raise ReportBroken(message)
        digest = _digest(raw)
        if isinstance(outcome, Finding):
            yield Row(index=index, raw_sha256=digest, finding=finisher(outcome, parsed))
        else:
            yield Row(index=index, raw_sha256=digest, ignored=finisher.clean(outcome, 500))


def _digest(raw: object) -> str:
    """SHA-256 of the raw record as JSON with sorted keys; of the bytes themselves where they are not JSON."""
    if isinstance(raw, msgspec.Raw):
        raw = msgspec.json.decode(raw)
    canonical = raw if isinstance(raw, bytes) else _sorted_json.encode(raw)
    return hashlib.sha256(canonical).hexdigest()


def _short(error: BaseException) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:300]
