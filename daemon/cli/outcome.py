"""What a finished run came to, in words a person understands; every figure comes from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daemon.cli.context import Here
from daemon.cli.output import console, print_table, printable
from daemon.domain.job import JobKind
from daemon.domain.release import Evaluation, Release, StageResult
from daemon.domain.severity import Severity
from daemon.masking import mask
from daemon.store import examples as examples_store
from daemon.store import findings as findings_store
from daemon.store import fixes as fixes_store
from daemon.store import queue, summary
from daemon.store import releases as releases_store
from daemon.store.engine import Store
from daemon.store.findings import StoredFinding
from daemon.store.fixes import StoredFix
from daemon.store.summary import Results

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SHOWN_REASONS = 5


def print_outcome(store: Store, where: Here) -> None:
    """Findings, fixes, one diff, what was learned, and where everything lies."""
    with store.read() as conn:
        results = summary.results(conn)
        reasons = summary.unfixed_reasons(conn, limit=_SHOWN_REASONS)
        best = fixes_store.listing(conn, verified=True, limit=200)
        releases = releases_store.listing(conn)
        untrained = None if releases else _why_untrained(conn, where)
        shown = _most_telling(best)
        finding = findings_store.load(conn, [shown.finding_id])[0] if shown else None
    _print_findings(results, where)
    _print_fixes(results, reasons)
    if shown and finding:
        _print_diff(shown, finding)
    _print_learning(results, releases[0] if releases else None, untrained)
    _print_places(where)


def _print_findings(results: Results, where: Here) -> None:
    rows = results.raw_rows
    _heading("Findings")
    click.echo(
        f"{rows['total']} raw rows in {results.reports.get('parsed', 0)} reports of {results.artifacts} artifacts: "
        f"{rows.get('kept', 0)} kept, {rows.get('duplicate', 0)} duplicates, {rows.get('ignored', 0)} ignored.\n"
    )
    severities = [str(severity) for severity in Severity]
    table = [
        (tool, sum(counts.values()), *(counts.get(one, "") for one in severities))
        for tool, counts in results.by_tool.items()
    ]
    print_table(("scanner", "findings", *severities), table, empty="none")
    told = results.analyses
    by_model = f"{told.get('model', 0)} by {where.settings.model.base_name}"
    click.echo(f"\nexplained: {by_model}, {told.get('rule', 0)} in their rules' own words")
    for rule in results.noisy_rules[:1]:
        click.echo(printable(f"{rule.findings} of the {rule.tool} findings ({rule.share:.0%}) come from {rule.rule}."))


def _print_fixes(results: Results, reasons: list[tuple[str, int]]) -> None:
    _heading("Fixes")
    fixed = results.outcomes.get("fixed", 0)
    click.echo(
        f"{fixed} of {results.findings} findings have a verified fix, "
        f"{results.with_multiple_approaches} of them in several approaches.\n"
    )
    rows = [(level, _LEVELS.get(level, ""), number) for level, number in sorted(results.fixes.items())]
    print_table(("level", "the candidate …", "candidates"), rows, empty="no candidates")
    if reasons:
        click.echo("\nWhy the others have none:")
        for reason, number in reasons:
            click.echo(printable(f"  {number:>4}  {reason}"))
        if more := results.outcomes.get("unfixed", 0) - sum(number for _, number in reasons):
            click.echo(f"  {more:>4}  for other reasons: `secaid findings list` and `show` tell each")


_LEVELS = {
    "none": "does not apply",
    "L0": "applies",
    "L1": "parses",
    "L2": "ends the finding, by the scanner that found it",
    "L3": "and leaves everything else as it was",
    "L4": "and passes the project's tests",
    "L5": "and was accepted",
}


def _most_telling(verified: list[StoredFix]) -> StoredFix | None:
    """The best-scored fix that fits on a screen and changes more than one line."""
    fitting = [one for one in verified if 8 <= one.fix.patch.count("\n") <= 30]
    return max(fitting or verified, key=lambda one: (one.fix.verdict.score, one.fix.patch.count("\n+")), default=None)


def _print_diff(shown: StoredFix, finding: StoredFinding) -> None:
    from rich.syntax import Syntax

    _heading("One of them")
    what = finding.finding
    click.echo(printable(f"{what.tool} {what.rule} in {what.path}:{what.line}: {what.message.splitlines()[0]}"))
    verdict = shown.fix.verdict
    click.echo(printable(f"{shown.fix.candidate.approach}: {shown.fix.candidate.explanation}\n"))
    console().print(Syntax(printable(mask(shown.fix.patch)), "diff", background_color="default"))
    click.echo(f"{verdict.level}, {verdict.grade}, {verdict.rating}")


def _why_untrained(conn: Connection, where: Here) -> str:
    dead = queue.jobs_list(conn, states=["dead"], kinds=[JobKind.TRAINING])
    if dead:
        return f"training failed: {dead[0].reason or 'no reason was recorded'}"
    new, wanted = examples_store.untrained(conn), where.settings.training.min_new_examples
    return f"{new} examples are new, and training starts at {wanted} (training.min_new_examples)"


def _print_learning(results: Results, release: Release | None, untrained: str | None) -> None:
    _heading("Learning")
    examples = ", ".join(f"{number} {stage}" for stage, number in results.examples.items()) or "none"
    click.echo(f"training examples: {examples}; cases in the index: {results.cases['indexed']}")
    if release is None:
        click.echo(printable(f"no model was trained: {untrained}"))
        return
    for stage in release.stages:
        click.echo(_stage(stage))
    for which, measured in (("before", release.base_evaluation), ("after", release.evaluation)):
        if measured is not None:
            click.echo(printable(f"{which:<6}  {_measured(measured)}"))
    click.echo(printable(release.reason))


def _measured(one: Evaluation) -> str:
    return (
        f"{one.model}: {one.verified} of {one.attempted} held-out findings fixed and verified "
        f"({one.applies} edits applied), loss on general text {_loss(one.general_loss)}"
    )


def _stage(stage: StageResult) -> str:
    return (
        f"{stage.stage}: {stage.iterations} iterations on {stage.examples} examples in {stage.seconds:.0f} s, "
        f"validation loss {_loss(stage.loss_before)} → {_loss(stage.loss_after)}"
    )


def _loss(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"


def _print_places(where: Here) -> None:
    _heading("Where everything lies")
    click.echo(f"database  {where.database}\nfolder    {where.paths.data}\nlogs      {where.paths.logs}")
    click.echo(
        f"\nlook around with: SECAID_HOME={where.paths.data} secaid status (findings list, fixes list, models list)"
    )


def _heading(text: str) -> None:
    click.secho(f"\n{text}", bold=True)
