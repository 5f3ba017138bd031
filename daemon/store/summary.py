"""What a person wants to know at a glance: findings by tool and severity, fixes by level, raw rows by fate."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from daemon.store.tables.results import analyses, artifacts, cases, examples, findings, fixes, report_rows, reports

_OPEN = ("open", "reopened")


class NoisyRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule with many open findings."""

    tool: str
    rule: str
    findings: int
    share: float
    """Of the tool's open findings, 0-1."""
    verified_fixes: int
    applied_fixes: int


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
    is_open = findings.c.state.in_(_OPEN)
    group = sa.func.coalesce(findings.c.group_key, findings.c.id)
    rows = _counts(conn, report_rows.c.disposition)
    return Results(
        artifacts=_number(conn, sa.select(sa.func.count()).select_from(artifacts)),
        reports=_counts(conn, reports.c.state),
        raw_rows=rows | {"total": sum(rows.values())},
        findings=_number(conn, sa.select(sa.func.count()).where(is_open)),
        by_tool=_by_tool(conn),
        outcomes=_counts(conn, findings.c.outcome, is_open),
        groups=_number(conn, sa.select(sa.func.count(group.distinct())).where(is_open)),
        analyses=_counts(conn, analyses.c.source),
        fixes={_level(level): number for level, number in _counts(conn, fixes.c.level).items()},
        verified_fixes=_number(conn, sa.select(sa.func.count()).where(fixes.c.verified)),
        with_multiple_approaches=_multiple(conn),
        examples=_counts(conn, examples.c.stage),
        cases={
            "total": _number(conn, sa.select(sa.func.count()).select_from(cases)),
            "indexed": _number(conn, sa.select(sa.func.count()).where(cases.c.vector.is_not(None))),
        },
        noisy_rules=tuple(noisy_rules(conn)),
    )


def noisy_rules(conn: sa.Connection, *, limit: int = 5, at_least: int = 10) -> list[NoisyRule]:
    """The rules with the most open findings, from `at_least` on: what to tune or suppress first."""
    is_open = findings.c.state.in_(_OPEN)
    per_tool = {tool: sum(severities.values()) for tool, severities in _by_tool(conn).items()}
    number = sa.func.count().label("number")
    rule = (findings.c.tool, findings.c.rule)
    query = sa.select(*rule, number).where(is_open).group_by(*rule)
    noisy = conn.execute(query.having(number >= at_least).order_by(number.desc(), findings.c.rule).limit(limit)).all()
    return [_noisy(conn, row.tool, row.rule, row.number, per_tool[row.tool]) for row in noisy]


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
        share=number / of_tool,
        verified_fixes=_number(conn, joined.where(*of_rule, fixes.c.verified)),
        applied_fixes=_number(conn, joined.where(*of_rule, fixes.c.state == "applied")),
    )


def _by_tool(conn: sa.Connection) -> dict[str, dict[str, int]]:
    query = (
        sa.select(findings.c.tool, findings.c.severity, sa.func.count())
        .where(findings.c.state.in_(_OPEN))
        .group_by(findings.c.tool, findings.c.severity)
        .order_by(findings.c.tool)
    )
    table: dict[str, dict[str, int]] = {}
    for tool, severity, number in conn.execute(query):
        table.setdefault(tool, {})[severity] = number
    return table


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
