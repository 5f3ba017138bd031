"""A stored artifact → its scan: every file and raw row accounted for, and the distinct findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.domain.artifact import Artifact
from daemon.domain.report import Report
from daemon.domain.scan import FileAccount, ReportState, RowAccount, Scan
from daemon.errors import ReportBroken, UnknownFormat
from daemon.storage import open_storage
from workers.jobs.context import JobContext
from workers.parsers import NotReport, read
from workers.source.archive import Member, members
from workers.source.tree import SourceTree
from workers.triage.merge import distinct


def read_scan(
    artifact: Artifact, tree: SourceTree, context: JobContext, renames: Mapping[str, str] | None = None
) -> Scan:
    """Unpack, parse and tell apart. A file that cannot be read never hides what the others say.

    Args:
        artifact: Stored already.
        tree: The scanned commit's files.
        context: Settings, folders, and whether the job was cancelled.
        renames: New path → the path under which its findings were first seen.

    Raises:
        ArtifactRejected: the archive itself is hostile or broken.
    """
    limits = context.settings.limits
    storage = open_storage(context.settings.storage.url, context.paths.data)
    archive = storage.fetch(artifact.stored_at, context.paths.staging)
    parsed: list[Report] = []
    others: list[FileAccount] = []
    for member in members(archive, limits, artifact.name):
        context.check_cancelled()
        outcome = _read(member, limits.report_rows, artifact.source)
        if isinstance(outcome, Report):
            parsed.append(outcome)
        else:
            others.append(outcome)
    return scan_of(parsed, others, tree, scope=artifact.repository or "", renames=renames)


def scan_of(
    parsed: Sequence[Report],
    others: Sequence[FileAccount],
    tree: SourceTree | None = None,
    *,
    scope: str = "",
    renames: Mapping[str, str] | None = None,
) -> Scan:
    """Reports, and the accounts of files that are none → the scan; see `workers.triage.merge.distinct`."""
    triage = distinct(parsed, tree, scope=scope, renames=renames)
    accounts = [_account(report, rows) for report, rows in zip(parsed, triage.accounts, strict=True)]
    files = tuple(sorted([*accounts, *others], key=lambda file: file.path))
    ran = frozenset(tool for report in parsed for tool in report.tools)
    return Scan(files=files, findings=triage.findings, tools=ran, unread=_unread(parsed, tree))


def _unread(parsed: Sequence[Report], tree: SourceTree | None) -> dict[str, frozenset[str]]:
    """Tool → files of the repository that it could not read, or, where its reports list all it read, did not."""
    unread: dict[str, frozenset[str]] = {}
    for tool in {report.tool for report in parsed}:
        of_tool = [report for report in parsed if tool in report.tools]
        paths = {path for report in of_tool for path in report.unread}
        if all(report.lists_all for report in of_tool):
            paths |= set(tree.paths() if tree else ()) - {path for report in of_tool for path in report.scanned}
        if paths:
            unread[tool] = frozenset(paths)
    return unread


def _read(member: Member, max_rows: int, root: str | None) -> Report | FileAccount:
    """`root`: the checkout that was scanned, if it is on this machine: absolute paths below it become relative."""
    try:
        outcome = read(member.content, member.path, max_rows=max_rows, root=root)
    except (ReportBroken, UnknownFormat) as error:
        return FileAccount(path=member.path, state=ReportState.BROKEN, reason=str(error))
    if isinstance(outcome, NotReport):
        return FileAccount(path=member.path, state=ReportState.IGNORED, reason=outcome.reason)
    return outcome


def _account(report: Report, rows: tuple[RowAccount, ...]) -> FileAccount:
    return FileAccount(
        path=report.path,
        state=ReportState.PARSED,
        tool=report.tool,
        tool_version=report.tool_version,
        format=report.format,
        reason="; ".join(report.notes) or None,
        rows=rows,
        complete=report.complete,
    )
