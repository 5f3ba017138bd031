"""One finding for a person, with everything that is known about it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from daemon.cli.findings_list import age, place
from daemon.cli.output import COLOURS, console, printable
from daemon.domain.analysis import Analysis
from daemon.domain.finding import Finding
from daemon.masking import mask
from daemon.store.findings import StoredFinding
from daemon.store.fixes import StoredFix

if TYPE_CHECKING:
    from rich.console import RenderableType

_SNIPPET_LINES = 12
_SHOWN_MEMBERS = 10


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
        (f" {finding.severity} ", COLOURS[finding.severity]), " ", (printable(finding.rule), "bold"),
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
