"""`secaid findings`: list them, show one, suppress one."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import click

from daemon.cli.context import here, opened
from daemon.cli.output import json_option, print_json, print_table, printable
from daemon.domain.analysis import Analysis
from daemon.domain.finding import FindingState
from daemon.domain.severity import Severity
from daemon.store import analyses as analyses_store
from daemon.store import findings as findings_store
from daemon.store import fixes as fixes_store
from daemon.store.engine import Store
from daemon.store.findings import Filter, StoredFinding
from daemon.store.fixes import StoredFix

_SPAN = re.compile(r"(?P<number>\d+)(?P<unit>[hdw])\Z")
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


@click.group()
def findings() -> None:
    """What the scanners found."""


@findings.command("list")
@click.option("--repository", help="Only this owner/name.")
@click.option("--tool", help="Only this scanner's.")
@click.option("--rule", help="Only this rule's.")
@click.option("--min-severity", type=click.Choice([str(severity) for severity in Severity]))
@click.option("--state", "states", multiple=True, type=click.Choice([str(state) for state in FindingState]))
@click.option("--outcome", type=click.Choice(["pending", "fixed", "unfixed"]), help="By how fixing ended.")
@click.option("--since", help="First seen within 12h, 7d or 2w.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1))
@click.option("--offset", default=0, type=click.IntRange(min=0))
@json_option
def list_findings(
    as_json: bool, states: tuple[str, ...], since: str | None, min_severity: str | None, **options: Any
) -> None:
    """Open findings, worst first."""
    wanted = Filter(
        states=tuple(FindingState(state) for state in states) or Filter().states,
        min_severity=Severity(min_severity) if min_severity else None,
        since=_since(since),
        **options,
    )
    with opened(here()) as store, store.read() as conn:
        found = findings_store.listing(conn, wanted)
        total = findings_store.count(conn, wanted)
    if as_json:
        print_json({"total": total, "findings": [_summary(stored) for stored in found]})
        return
    rows = [
        (one.id[:10], str(one.finding.severity), one.finding.tool, one.finding.rule, _place(one), one.outcome)
        for one in found
    ]
    print_table(("id", "severity", "tool", "rule", "where", "outcome"), rows, empty="no finding passes this filter")
    if total > len(found):
        click.echo(f"{len(found)} of {total}; --limit and --offset show more")


@findings.command("show")
@click.argument("finding_id")
@json_option
def show_finding(finding_id: str, as_json: bool) -> None:
    """One finding with its analysis and fixes; the first characters of its id are enough."""
    with opened(here()) as store:
        stored = _find(store, finding_id)
        with store.read() as conn:
            analysis = analyses_store.load(conn, [stored.id]).get(stored.id)
            fixes = fixes_store.of_findings(conn, [stored.id]).get(stored.id, [])
    if as_json:
        print_json({**_summary(stored), "finding": stored.finding, "analysis": analysis, "fixes": fixes})
        return
    _print_finding(stored, analysis, fixes)


@findings.command("suppress")
@click.argument("finding_id")
@click.option("--reason", required=True, help="Why it is accepted; kept with the finding.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day it opens again; never by default.")
def suppress_finding(finding_id: str, reason: str, until: dt.datetime | None) -> None:
    """Hide a finding, with a reason and, if you like, an end."""
    with opened(here()) as store:
        stored = _find(store, finding_id)
        with store.begin() as conn:
            findings_store.suppress(conn, stored.id, reason, until.replace(tzinfo=dt.UTC) if until else None)
    click.echo(f"suppressed {stored.id[:10]}{f' until {until:%Y-%m-%d}' if until else ''}")


def _find(store: Store, prefix: str) -> StoredFinding:
    with store.read() as conn:
        ids = findings_store.matching_ids(conn, prefix)
        if len(ids) != 1:
            problem = "no finding has" if not ids else "several findings have"
            message = f"{problem} an id that begins with {prefix!r}; see `secaid findings list`"
            raise click.UsageError(message)
        return findings_store.load(conn, ids)[0]


def _since(span: str | None) -> float | None:
    if span is None:
        return None
    match = _SPAN.match(span)
    if not match:
        message = f"--since takes 12h, 7d or 2w, not {span!r}"
        raise click.UsageError(message)
    hours = int(match["number"]) * _HOURS[match["unit"]]
    return (dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)).timestamp()


def _summary(stored: StoredFinding) -> dict[str, object]:
    finding = stored.finding
    return {
        "id": stored.id,
        "tool": finding.tool,
        "rule": finding.rule,
        "severity": finding.severity,
        "category": finding.category,
        "path": finding.path,
        "line": finding.line,
        "message": finding.message,
        "repository": stored.repository,
        "commit": stored.commit,
        "state": stored.state,
        "state_reason": stored.state_reason,
        "group": stored.group,
        "outcome": stored.outcome,
        "reason": stored.reason,
        "first_seen_at": stored.first_seen_at,
        "last_seen_at": stored.last_seen_at,
    }


def _place(stored: StoredFinding) -> str:
    finding = stored.finding
    if finding.package:
        return f"{finding.package.name} {finding.package.version}"
    if finding.path:
        return f"{finding.path}:{finding.line}" if finding.line else finding.path
    return finding.location.url or finding.location.logical or ""


def _print_finding(stored: StoredFinding, analysis: Analysis | None, fixes: list[StoredFix]) -> None:
    finding = stored.finding
    click.secho(printable(f"{finding.severity} {finding.tool} {finding.rule}"), bold=True)
    click.echo(printable(f"{_place(stored)}\n{finding.message}\n{stored.state}, {stored.outcome}"))
    if stored.reason:
        click.echo(printable(stored.reason))
    if analysis:
        for label in ("impact", "remediation", "prevention"):
            click.echo(printable(f"\n{label.capitalize()}: {getattr(analysis, label)}"))
        click.echo(printable(f"({analysis.source}{f', {analysis.model}' if analysis.model else ''})"))
    for one in fixes:
        verdict = one.fix.verdict
        click.secho(f"\n{one.id[:10]} {one.fix.candidate.approach} {verdict.level} {verdict.grade}", bold=True)
        click.echo(printable(verdict.reason or one.fix.candidate.explanation))
        if verdict.verified:
            click.echo(printable(one.fix.patch))
