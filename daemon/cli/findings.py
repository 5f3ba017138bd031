"""`secaid findings`: list them, show one, suppress one."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any

import click
import msgspec

from daemon.cli.context import here, opened
from daemon.cli.findings_list import print_list
from daemon.cli.findings_view import print_finding
from daemon.cli.output import json_option, print_json
from daemon.domain.finding import FindingState
from daemon.domain.severity import Severity
from daemon.store import analyses as analyses_store
from daemon.store import findings as findings_store
from daemon.store import fixes as fixes_store
from daemon.store import summary
from daemon.store.engine import Store
from daemon.store.findings import Filter, StoredFinding

_SPAN = re.compile(r"(?P<number>\d+)(?P<unit>[hdw])\Z")
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


@click.group()
def findings() -> None:
    """What the scanners found."""


@findings.command("list")
@click.option("--repository", help="Only this owner/name.")
@click.option("--tool", help="Only this scanner's.")
@click.option("--rule", help="Only this rule's.")
@click.option("--category", help="Only of this type: injection, dependency, workflow, secret …")
@click.option("--new", is_flag=True, help="Only what the last scan was the first to see.")
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
    """Open findings, most urgent first."""
    wanted = Filter(
        states=tuple(FindingState(state) for state in states) or Filter().states,
        min_severity=Severity(min_severity) if min_severity else None,
        since=_since(since),
        **options,
    )
    with opened(here()) as store:
        _end_suppressions(store)
        with store.read() as conn:
            found = findings_store.listing(conn, wanted)
            total = findings_store.count(conn, wanted)
            new = findings_store.count(conn, msgspec.structs.replace(wanted, new=True))
            noisy = [rule for rule in summary.noisy_rules(conn) if not states and wanted.tool in {None, rule.tool}]
    if as_json:
        listed = [_summary(stored) for stored in found]
        print_json({"total": total, "new": new, "noisy_rules": noisy, "findings": listed})
    elif found:
        print_list(found, total, new, noisy)
    else:
        click.echo("no finding passes this filter")


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
            group = findings_store.of_group(conn, stored.group) if stored.group else []
    if as_json:
        whole = {"finding": stored.finding, "analysis": analysis, "fixes": fixes, "group_members": group}
        print_json(_summary(stored) | whole)
        return
    print_finding(stored, analysis, fixes, group)


@findings.command("suppress")
@click.argument("finding_ids", nargs=-1, required=True)
@click.option("--reason", help="Why it is accepted; kept with the finding.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day it opens again; never by default.")
@click.option("--lift", is_flag=True, help="Open it again, now.")
@json_option
def suppress_findings(
    finding_ids: tuple[str, ...], reason: str | None, until: dt.datetime | None, lift: bool, as_json: bool
) -> None:
    """Hide findings, with a reason and, if you like, an end; or show them again."""
    if lift == bool(reason):
        message = "give either --reason, which is kept with the finding, or --lift"
        raise click.UsageError(message)
    end = _end_of(until)
    with opened(here()) as store:
        chosen = [_find(store, one) for one in finding_ids]
        with store.begin() as conn:
            for stored in chosen:
                if reason:
                    findings_store.suppress(conn, stored.id, reason, end)
                elif not findings_store.lift(conn, stored.id):
                    message = f"{stored.id[:10]} is {stored.state}, not suppressed"
                    raise click.UsageError(message)
        with store.read() as conn:
            changed = findings_store.load(conn, [stored.id for stored in chosen])
    if as_json:
        print_json({"findings": [_summary(stored) for stored in changed]})
        return
    for stored in changed:
        end_text = f" until {until:%Y-%m-%d}" if until else ""
        click.echo(f"{stored.id[:10]} is {stored.state}{end_text}")


def _end_of(until: dt.datetime | None) -> dt.datetime | None:
    """The first moment of that day here, which has to be in the future."""
    end = until.astimezone() if until else None
    if end and end <= dt.datetime.now(dt.UTC):
        message = f"--until takes a day in the future, not {until:%Y-%m-%d}"
        raise click.UsageError(message)
    return end


def _end_suppressions(store: Store) -> None:
    """Open what is to be open by now; a write only where there is something to write."""
    with store.read() as conn:
        due = findings_store.suppressions_due(conn, time.time())
    if due:
        with store.begin() as conn:
            findings_store.end_suppressions(conn, time.time())


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
        "state_until": stored.state_until,
        "new": stored.new,
        "urgency": stored.urgency,
        "urgency_reasons": stored.urgency_reasons,
        "group": stored.group,
        "outcome": stored.outcome,
        "reason": stored.reason,
        "first_seen_at": stored.first_seen_at,
        "last_seen_at": stored.last_seen_at,
    }
