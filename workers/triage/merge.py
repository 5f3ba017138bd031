"""reports and source → distinct findings, an account of every raw row, and groups.

A row repeats another one when the same tool's same rule points to the same place: in another format, in a merged
file, or twice in one file with the same words. Distinct findings are then told apart by their fingerprints, and by
their order in the file where one rule flags the same code twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.report import Report
from daemon.domain.scan import Disposition, KeptFinding, RowAccount
from workers.source.tree import SourceTree
from workers.triage.categories import OTHER, category
from workers.triage.combine import combine
from workers.triage.groups import group_keys
from workers.triage.identity import Fingerprints, digest, place_name
from workers.triage.ranking import rank


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """What several reports of one commit come to."""

    findings: tuple[KeptFinding, ...]
    """Distinct, each with its id and its group, in the order of the reports."""
    accounts: tuple[tuple[RowAccount, ...], ...]
    """For each report, its rows: kept, repeating another one, or ignored because of something."""

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Group → ids of its findings."""
        members: defaultdict[str, list[str]] = defaultdict(list)
        for kept in self.findings:
            members[kept.group or kept.id].append(kept.id)
        return {key: tuple(ids) for key, ids in members.items()}

    def count(self, disposition: Disposition) -> int:
        """How many raw rows ended so."""
        return sum(row.disposition is disposition for rows in self.accounts for row in rows)


class Place(NamedTuple):
    """Where a row points, as far as all formats of its tool agree on it."""

    tool: str
    rule: str
    kind: str
    where: str
    line: int = 0
    end_line: int = 0
    column: int = 0


class _Entry(NamedTuple):
    """One row that is a finding."""

    report: int
    row: int
    finding: Finding
    place: Place


def distinct(
    reports: Sequence[Report],
    tree: SourceTree | None = None,
    *,
    scope: str = "",
    renames: Mapping[str, str] | None = None,
) -> Triage:
    """Reports of one commit → distinct findings, an account of every row, and groups.

    Args:
        reports: In the order in which they count: what a later one repeats is a duplicate of the earlier one.
        tree: The scanned commit's files, where they are to be had.
        scope: Goes into every id: findings of two repositories or branches are not one.
        renames: New path → old path, as git shows them.
    """
    entries = list(_entries(reports))
    clusters = _clusters(entries)
    ids = _ids(clusters, Fingerprints(tree, renames=renames), scope)
    merged = [_merged(cluster) for cluster in clusters]
    keys = group_keys(dict(zip(ids, merged, strict=True)))
    findings = tuple(_kept(identifier, finding, keys) for identifier, finding in zip(ids, merged, strict=True))
    return Triage(findings=findings, accounts=_accounts(reports, clusters, ids))


def _kept(identifier: str, finding: Finding, groups: Mapping[str, str]) -> KeptFinding:
    urgency = rank(finding)
    return KeptFinding(
        id=identifier,
        finding=finding,
        group=groups[identifier],
        urgency=urgency.score,
        urgency_reasons=urgency.reasons,
    )


def _entries(reports: Sequence[Report]) -> Iterator[_Entry]:
    for number, report in enumerate(reports):
        for row in report.rows:
            if row.finding is not None:
                yield _Entry(number, row.index, row.finding, _place(row.finding))


def _place(finding: Finding) -> Place:
    location = finding.location
    path = finding.path or ""
    if finding.package is not None:
        where = "\0".join((finding.package.name.lower(), finding.package.version, path or place_name(location)))
        return Place(finding.tool, finding.rule, "package", where)
    region = location.region
    if region is not None:
        where, end_line = location.path or place_name(location), region.end_line or region.start_line
        return Place(finding.tool, finding.rule, "code", where, region.start_line, end_line, region.start_column or 0)
    if not path and (location.url or location.logical):
        return Place(finding.tool, finding.rule, "place", place_name(location))
    column = 0 if location.offset is None else location.offset + 1  # SARIF may count in offsets alone
    return Place(finding.tool, finding.rule, "words", f"{path}\0{finding.message}", column=column)


def _clusters(entries: Sequence[_Entry]) -> list[list[_Entry]]:
    """Rows that point to the same place. A row without a column joins the first one of its line."""
    columns: dict[Place, int] = {}
    for entry in entries:
        if entry.place.column:
            line = entry.place._replace(column=0)
            columns[line] = min(columns.get(line, entry.place.column), entry.place.column)
    places: dict[Place, list[_Entry]] = {}
    for entry in entries:
        place = entry.place
        if not place.column and place in columns:
            place = place._replace(column=columns[place])
        places.setdefault(place, []).append(entry)
    return [cluster for group in places.values() for cluster in _told_apart(group)]


def _told_apart(group: list[_Entry]) -> list[list[_Entry]]:
    """Rows of one place → a cluster for each thing said there.

    What one report says twice in different words is two findings ("variable a …", "variable b …"). Another report of
    the same place may use words of its own: its first, second … thing is then the first, second … one here.
    """
    if len(group) == 1 or group[0].place.kind == "package" or len({entry.finding.message for entry in group}) == 1:
        return [group]
    clusters: list[list[_Entry]] = []
    by_report: dict[int, dict[str, list[_Entry]]] = {}
    for entry in group:
        by_report.setdefault(entry.report, {}).setdefault(entry.finding.message, []).append(entry)
    for said in by_report.values():
        _join(clusters, said)
    return clusters


def _join(clusters: list[list[_Entry]], said: dict[str, list[_Entry]]) -> None:
    """Adds one report's rows, by message, to the clusters of their place."""
    known = {entry.finding.message: number for number, cluster in enumerate(clusters) for entry in cluster}
    free = [number for number in range(len(clusters)) if number not in {known.get(message) for message in said}]
    for message, entries in said.items():
        number = known[message] if message in known else free.pop(0) if free else None
        if number is None:
            clusters.append(entries)
        else:
            clusters[number] += entries


def _ids(clusters: Sequence[list[_Entry]], fingerprints: Fingerprints, scope: str) -> list[str]:
    """Ids: the fingerprint, and the how-manieth of its kind in the file where one rule flags equal code twice."""
    bases = [fingerprints(_best(cluster)) for cluster in clusters]
    same: defaultdict[str, list[int]] = defaultdict(list)
    for number, base in enumerate(bases):
        same[base].append(number)
    ids = [""] * len(clusters)
    for base, numbers in same.items():
        in_order = sorted(
            numbers,
            key=lambda number: min(
                (entry.place.line, entry.place.column, entry.place.end_line) for entry in clusters[number]
            ),
        )
        for ordinal, number in enumerate(in_order):
            ids[number] = digest(scope, base, str(ordinal))
    return ids


def _best(cluster: Sequence[_Entry]) -> Finding:
    """The row that quotes the most code; identity must not hang on which format came first."""
    return max((entry.finding for entry in cluster), key=lambda finding: len(finding.location.snippet or ""))


def _merged(cluster: Sequence[_Entry]) -> Finding:
    finding = cluster[0].finding
    for entry in cluster[1:]:
        finding = combine(finding, entry.finding)
    return msgspec.structs.replace(finding, category=category(finding)) if finding.category == OTHER else finding


def _accounts(
    reports: Sequence[Report], clusters: Sequence[Sequence[_Entry]], ids: Sequence[str]
) -> tuple[tuple[RowAccount, ...], ...]:
    fates: dict[tuple[int, int], tuple[str, str | None]] = {}
    for identifier, cluster in zip(ids, clusters, strict=True):
        first = cluster[0]
        fates[first.report, first.row] = (identifier, None)
        for entry in cluster[1:]:
            fates[entry.report, entry.row] = (
                identifier,
                f"repeats row {first.row} of {reports[first.report].path}",
            )
    return tuple(tuple(_account(number, report, fates)) for number, report in enumerate(reports))


def _account(
    number: int, report: Report, fates: Mapping[tuple[int, int], tuple[str, str | None]]
) -> Iterator[RowAccount]:
    for row in report.rows:
        if row.finding is None:
            yield RowAccount(row.index, row.raw_sha256, Disposition.IGNORED, None, row.ignored)
            continue
        identifier, repeats = fates[number, row.index]
        yield RowAccount(
            row.index, row.raw_sha256, Disposition.DUPLICATE if repeats else Disposition.KEPT, identifier, repeats
        )
