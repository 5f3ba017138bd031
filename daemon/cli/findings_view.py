"""Findings for a person: a table of them, and one of them with everything that is known about it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from daemon.cli.output import console, printable
from daemon.domain.analysis import Analysis
from daemon.domain.finding import Finding, FindingState
from daemon.domain.severity import Severity
from daemon.masking import mask
from daemon.store.findings import StoredFinding
from daemon.store.fixes import StoredFix
from daemon.store.summary import NoisyRule

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_COLOURS = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
    Severity.UNKNOWN: "magenta",
}
_RULE_WIDTH = 44
_PLACE_WIDTH = 60
_SNIPPET_LINES = 12
_SHOWN_MEMBERS = 10
_AGES = ((86_400 * 14, 86_400 * 7, "w"), (86_400, 86_400, "d"), (3600, 3600, "h"), (60, 60, "min"))


def print_list(found: Sequence[StoredFinding], total: int, new: int, noisy: Sequence[NoisyRule]) -> None:
    """A page of findings under what a person should know before reading them."""
    from rich.table import Table
    from rich.text import Text

    screen = console()
    screen.print(
        Text.assemble((f"{total:,} findings", "bold"), f", most urgent first; {new:,} new since the last scan")
    )
    for rule in noisy:
        screen.print(Text(printable(str(rule)), style="dim"))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("severity", "id", "scanner", "rule", "where", "age", "fix"):
        table.add_column(column, no_wrap=column not in {"rule", "where"}, overflow="fold")
    for folded in _folded(found):
        table.add_row(*_cells(folded[0], len(folded) - 1))
    screen.print()
    screen.print(table)
    if total > len(found):
        screen.print(Text(f"\nthe first {len(found):,} of {total:,}; --limit and --offset show more", style="dim"))


def _folded(found: Sequence[StoredFinding]) -> Iterator[list[StoredFinding]]:
    """Neighbours of one group as one: the same vulnerability, say, in several manifests and by several scanners."""
    return (list(group) for _, group in itertools.groupby(found, key=lambda one: one.group or one.id))


def _cells(one: StoredFinding, others: int) -> Iterator[Text]:
    """`others`: how many more of its group follow it."""
    from rich.text import Text

    finding = one.finding
    yield Text(str(finding.severity), style=_COLOURS[finding.severity])
    yield Text(one.id[:10], style="dim")
    yield Text(printable(finding.tool))
    yield Text(printable(_shortened(finding.rule, _RULE_WIDTH)))
    where = printable(_shortened(place(finding), _PLACE_WIDTH))
    yield Text.assemble(where, (f" +{others}" if others else "", "bold"))
    yield Text("new", style="bold green") if one.new else Text(age(one.first_seen_at))
    yield Text(printable(fix_at_hand(one)), style="green" if one.outcome == "fixed" else "")


def fix_at_hand(one: StoredFinding) -> str:
    """`verified`, else what the report offers, else how far fixing is."""
    if one.state is FindingState.SUPPRESSED:
        return "suppressed"
    if one.outcome == "fixed":
        return "verified"
    package = one.finding.package
    if package and package.fixed_versions:
        return f"in {package.fixed_versions[0]}"
    if one.finding.fixes:
        return "offered"
    return "none" if one.outcome == "unfixed" else "pending"


def place(finding: Finding) -> str:
    """Where it is, on one line: a package, a line of a file, a page, an image."""
    if finding.package:
        return f"{finding.package.name} {finding.package.version}"
    if finding.path:
        return f"{finding.path}:{finding.line}" if finding.line else finding.path
    return finding.location.url or finding.location.logical or ""


def age(since: float) -> str:
    """`3 d`: how long ago, in the largest unit that makes sense."""
    seconds = max(0.0, time.time() - since)
    return next((f"{seconds / unit:.0f} {name}" for least, unit, name in _AGES if seconds >= least), "now")


def _shortened(text: str, width: int) -> str:
    """The end of a long name says more than its beginning."""
    return text if len(text) <= width else f"…{text[1 - width :]}"


def print_finding(
    stored: StoredFinding, analysis: Analysis | None, fixes: Sequence[StoredFix], group: Sequence[str]
) -> None:
    """One finding: what, where, since when, how urgent and why; the code; the analysis; the fixes."""
    from rich.text import Text

    screen = console()
    finding = stored.finding
    for part in (*_head(stored), *_code(finding), *_analysis(analysis), *_fixes(stored, fixes)):
        screen.print(part)
    others = [one[:10] for one in group if one != stored.id]
    if others:
        names = f"{', '.join(others[:_SHOWN_MEMBERS])}{' …' if len(others) > _SHOWN_MEMBERS else ''}"
        screen.print(Text.assemble("\n", ("One fix should also end: ", "bold"), names))
    if finding.help_uri:
        screen.print(Text(f"\n{printable(finding.help_uri)}", style="dim"))


def _head(stored: StoredFinding) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    finding = stored.finding
    yield Text.assemble(
        (f" {finding.severity} ", _COLOURS[finding.severity]), " ", (printable(finding.rule), "bold"),
        f"  {printable(finding.tool)} {printable(finding.tool_version or '')}",
    )  # fmt: skip
    if finding.title and finding.title != finding.rule and not finding.message.startswith(finding.title):
        yield Text(printable(finding.title), style="bold")
    yield Text(f"\n{printable(finding.message)}\n")
    facts = Table.grid(padding=(0, 2, 0, 0))
    for name, text in _facts(stored):
        facts.add_row(Text(name, style="dim"), Text(printable(text)))
    yield facts


def _facts(stored: StoredFinding) -> Iterator[tuple[str, str]]:
    finding = stored.finding
    yield "Where", _everywhere(stored)
    kinds = [finding.category, *(f"CWE-{number}" for number in finding.cwes), *finding.owasp, *finding.aliases]
    yield "Kind", ", ".join(kinds)
    if finding.cvss_score is not None:
        yield "CVSS", f"{finding.cvss_score} {finding.cvss_vector or ''}"
    if finding.package and finding.package.fixed_versions:
        yield "Fixed in", ", ".join(finding.package.fixed_versions)
    yield "State", _state(stored)
    yield "Urgency", f"{stored.urgency:.0f}: {', '.join(stored.urgency_reasons)}"
    yield "Id", stored.id


def _everywhere(stored: StoredFinding) -> str:
    finding = stored.finding
    manifest = finding.path if finding.package else None
    parts = (place(finding), manifest and f"in {manifest}", stored.repository and f"of {stored.repository}")
    commit = f"at {stored.commit[:10]}" if stored.commit else ""
    return " ".join(filter(None, (*parts, commit, stored.branch and f"on {stored.branch}")))


def _state(stored: StoredFinding) -> str:
    text = f"{stored.state}, first seen {_day(stored.first_seen_at)} ({age(stored.first_seen_at)})"
    text += ", new since the last scan" if stored.new else f", last seen {_day(stored.last_seen_at)}"
    if stored.state_reason:
        text += f": {stored.state_reason}"
    return text + (f", until {_day(stored.state_until)}" if stored.state_until else "")


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(moment))


def _code(finding: Finding) -> Iterator[RenderableType]:
    """The code as the report quotes it, with its line numbers and colours."""
    snippet = finding.location.snippet
    if not snippet:
        return
    from rich.padding import Padding
    from rich.syntax import Syntax

    text = "\n".join(printable(snippet).splitlines()[:_SNIPPET_LINES])
    lexer = Syntax.guess_lexer(finding.path or "", text)
    number = finding.line or 1
    yield Padding(Syntax(text, lexer, line_numbers=True, start_line=number, background_color="default"), (1, 0, 0, 0))


def _analysis(analysis: Analysis | None) -> Iterator[RenderableType]:
    if analysis is None:
        return
    from rich.text import Text

    source = f"{analysis.source}, {analysis.model}" if analysis.model else analysis.source
    yield Text.assemble("\n", ("Explained", "bold"), (f" by {printable(source)}", "dim"))
    for name in ("impact", "remediation", "prevention"):
        yield Text.assemble((f"{name.capitalize()}: ", "italic"), printable(getattr(analysis, name)))


def _fixes(stored: StoredFinding, fixes: Sequence[StoredFix]) -> Iterator[RenderableType]:
    from rich.syntax import Syntax
    from rich.text import Text

    if stored.reason and stored.outcome != "fixed":
        yield Text.assemble("\n", ("No verified fix: ", "bold"), printable(stored.reason))
    for one in fixes:
        verdict = one.fix.verdict
        style = "bold green" if verdict.verified else "bold"
        yield Text.assemble(
            "\n", (f"{verdict.level} {verdict.grade}", style), f"  {printable(one.fix.candidate.approach)}",
            (f"  {one.id[:10]}, score {verdict.score:.2f}", "dim"),
        )  # fmt: skip
        yield Text(printable(verdict.reason or one.fix.candidate.explanation))
        if verdict.verified:
            yield Syntax(printable(mask(one.fix.patch)), "diff", background_color="default")
    if any(one.fix.verdict.verified for one in fixes):
        yield Text("\n`secaid fixes apply ID` applies one", style="dim")
