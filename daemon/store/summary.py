"""What a person wants to know at a glance: findings by tool and severity, fixes by level, raw rows by fate."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from daemon.store.tables.results import analyses, artifacts, cases, examples, findings, fixes, reports

_OPEN = ("open", "reopened")
_NOISY_SHARE = 0.3
"""Of a tool's open findings, from which on one rule is noisy."""
_NOISY_LEAST = 10
"""Open findings of a rule, from which on it can be noisy."""


class NoisyRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule with many open findings, and a large part of its tool's."""

    tool: str
    rule: str
    findings: int
    of_tool: int
    """Open findings of the tool."""
    share: float
    """Of the tool's open findings, 0-1."""
    verified_fixes: int
    applied_fixes: int

    def __str__(self) -> str:
        """`88 of 107 semgrep findings come from one rule, …: 7 with a verified fix, 0 applied fixes`."""
        return (
            f"{self.findings} of {self.of_tool} {self.tool} findings come from one rule, {self.rule}: "
            f"{self.verified_fixes} with a verified fix, {self.applied_fixes} applied fixes"
        )


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The state of all results, from the database alone."""

    artifacts: int
    reports: dict[str, int]
    """By state: parsed, ignored, broken."""
    raw_rows: dict[str, int]
    """By disposition: kept, duplicate, ignored; and `total`."""
    findings: int
    """Open ones."""
    by_tool: dict[str, dict[str, int]]
    """Tool → severity → open findings."""
    outcomes: dict[str, int]
    """Open findings by outcome: pending, fixed, unfixed."""
    groups: int
    analyses: dict[str, int]
    """By source: model, rule."""
    fixes: dict[str, int]
    """Candidates by the level they reached."""
    verified_fixes: int
    with_multiple_approaches: int
    examples: dict[str, int]
    cases: dict[str, int]
    """In all, and `indexed`."""
    noisy_rules: tuple[NoisyRule, ...]


def results(conn: sa.Connection) -> Results:
    """Count everything once."""
    tally = _tally(conn)
    by_tool: dict[str, dict[str, int]] = {}
    outcomes: Counter[str] = Counter()
    for row in tally:
        severities = by_tool.setdefault(row.tool, {})
        severities[row.severity] = severities.get(row.severity, 0) + row.number
        outcomes[row.outcome] += row.number
    rows = _raw_rows(conn)
    return Results(
        artifacts=_number(conn, sa.select(sa.func.count()).select_from(artifacts)),
        reports=_counts(conn, reports.c.state),
        raw_rows={name: number for name, number in rows.items() if number} | {"total": sum(rows.values())},
        findings=outcomes.total(),
        by_tool=by_tool,
        outcomes=dict(sorted(outcomes.items())),
        groups=_number(conn, groups_query()),
        analyses=_counts(conn, analyses.c.source),
        fixes={_level(level): number for level, number in _counts(conn, fixes.c.level).items()},
        verified_fixes=_number(conn, sa.select(sa.func.count()).where(fixes.c.verified)),
        with_multiple_approaches=_multiple(conn),
        examples=_counts(conn, examples.c.stage),
        cases={
            "total": _number(conn, sa.select(sa.func.count()).select_from(cases)),
            "indexed": _number(conn, sa.select(sa.func.count()).where(cases.c.vector.is_not(None))),
        },
        noisy_rules=tuple(_noisy_rules(conn, tally, limit=5)),
    )


def noisy_rules(conn: sa.Connection, *, limit: int = 5) -> list[NoisyRule]:
    """The rules with the most open findings that are a large part of their tool's: what to tune or suppress first."""
    return _noisy_rules(conn, _tally(conn), limit=limit)


def tally_query() -> sa.CompoundSelect[Any]:
    """Open findings by state, tool, rule, severity and outcome: a walk along an index, however many there are.

    State by state, because SQLite sorts what it finds for two states at once.
    """
    columns = (findings.c.tool, findings.c.rule, findings.c.severity, findings.c.outcome)
    number = sa.func.count().label("number")
    return sa.union_all(
        *(sa.select(*columns, number).where(findings.c.state == state).group_by(*columns) for state in _OPEN)
    )


def groups_query() -> sa.Select[Any]:
    """The number of groups that open findings form.

    The function around the state keeps SQLite from looking it up: walking along the index of groups needs no sorting.
    """
    is_open = sa.func.coalesce(findings.c.state, "").in_(_OPEN)
    group = sa.select(findings.c.group_key).where(is_open).group_by(findings.c.group_key)
    return sa.select(sa.func.count()).select_from(group.subquery())


def _tally(conn: sa.Connection) -> Sequence[Any]:
    return sorted(conn.execute(tally_query()).all(), key=lambda row: (row.tool, row.rule))


def _noisy_rules(conn: sa.Connection, tally: Sequence[Any], *, limit: int) -> list[NoisyRule]:
    tools: Counter[str] = Counter()
    rules: Counter[tuple[str, str]] = Counter()
    for row in tally:
        tools[row.tool] += row.number
        rules[row.tool, row.rule] += row.number
    loud = [
        (tool, rule, number)
        for (tool, rule), number in sorted(rules.items(), key=lambda item: (-item[1], item[0]))
        if number >= _NOISY_LEAST and number >= _NOISY_SHARE * tools[tool]
    ]
    described = (_noisy(conn, tool, rule, number, tools[tool]) for tool, rule, number in loud)
    # A rule whose fixes people take is work, not noise.
    return list(itertools.islice((rule for rule in described if not rule.applied_fixes), limit))


def _raw_rows(conn: sa.Connection) -> dict[str, int]:
    """Raw rows by disposition."""
    sums = {"duplicate": reports.c.duplicates, "ignored": reports.c.ignored, "kept": reports.c.kept}
    row = conn.execute(sa.select(*(sa.func.coalesce(sa.func.sum(column), 0) for column in sums.values()))).one()
    return {name: int(number) for name, number in zip(sums, row, strict=True)}


def unfixed_reasons(conn: sa.Connection, *, limit: int) -> list[tuple[str, int]]:
    """Why open findings have no verified fix, the most frequent reasons first."""
    number = sa.func.count().label("number")
    query = sa.select(findings.c.reason, number).where(findings.c.state.in_(_OPEN), findings.c.outcome == "unfixed")
    query = query.group_by(findings.c.reason).order_by(number.desc(), findings.c.reason).limit(limit)
    return [(row.reason or "no reason was recorded", row.number) for row in conn.execute(query)]


def _noisy(conn: sa.Connection, tool: str, rule: str, number: int, of_tool: int) -> NoisyRule:
    of_rule = (findings.c.tool == tool, findings.c.rule == rule)
    joined = sa.select(sa.func.count(fixes.c.finding_id.distinct())).join(findings, findings.c.id == fixes.c.finding_id)
    return NoisyRule(
        tool=tool,
        rule=rule,
        findings=number,
        of_tool=of_tool,
        share=number / of_tool,
        verified_fixes=_number(conn, joined.where(*of_rule, fixes.c.verified)),
        applied_fixes=_number(conn, joined.where(*of_rule, fixes.c.state == "applied")),
    )


def _multiple(conn: sa.Connection) -> int:
    """Findings with two or more verified approaches."""
    approaches = sa.func.count(fixes.c.approach.distinct())
    query = sa.select(fixes.c.finding_id).where(fixes.c.verified).group_by(fixes.c.finding_id).having(approaches > 1)
    return _number(conn, sa.select(sa.func.count()).select_from(query.subquery()))


def _counts(conn: sa.Connection, column: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> dict[str, int]:
    query = sa.select(column, sa.func.count()).where(*where).group_by(column).order_by(column)
    return {str(key): number for key, number in conn.execute(query)}


def _level(level: str) -> str:
    return "none" if level == "-1" else f"L{level}"


def _number(conn: sa.Connection, query: sa.Select[Any]) -> int:
    number: int = conn.execute(query).scalar_one()
    return number
