"""`secaid status`: the queue, the processes, the results, and what needs attention."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
import msgspec

from daemon import settings
from daemon.cli.context import Here, here, opened
from daemon.cli.output import json_option, print_json, print_table, printable
from daemon.domain.job import JobState
from daemon.domain.severity import Severity
from daemon.errors import SecaidError
from daemon.service.backend import supervisor
from daemon.settings import Poll
from daemon.store import cursors, releases, summary
from daemon.store.artifacts import Account, accounts
from daemon.store.cursors import PollView
from daemon.store.engine import Store
from daemon.store.overview import Overview, overview
from daemon.store.summary import Results

if TYPE_CHECKING:
    from daemon.service.health import Verdict

_WATCH_SECONDS = 2.0
_LATE_SECONDS = 3600.0
"""Without a poll, however short the interval."""
_MEBIBYTE = 2**20


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `secaid status --json` prints."""

    queue: Overview
    results: Results
    accounts: tuple[Account, ...]
    """Every file of every artifact, with its raw rows by fate."""
    polls: tuple[PollView, ...]
    """Every repository that was ever polled."""
    model: str
    """What answers now: the base model, or a promoted release."""
    database: str
    services: tuple[Verdict, ...] = ()
    """What launchd or systemd says of each service, and what its process says, where services are installed."""
    services_problem: str | None = None
    """Why they could not be asked."""


@click.command()
@click.option("--watch", is_flag=True, help="Look again every two seconds, until interrupted.")
@json_option
def status(watch: bool, as_json: bool) -> None:
    """What runs, what was found, what was fixed, and what needs you."""
    where = here()
    # Interrupting is how one ends watching.
    with opened(where) as store, contextlib.suppress(*([KeyboardInterrupt] if watch else [])):
        while True:
            found = look(store, where)
            if as_json:
                print_json(found)
            else:
                if watch:
                    click.clear()
                _print(found, where.settings.poll)
            if not watch:
                return
            time.sleep(_WATCH_SECONDS)


def look(store: Store, where: Here) -> Status:
    """The whole state, read once."""
    with store.read() as conn:
        serving = releases.serving(conn, where.settings.model.base_name)
        results = summary.results(conn)
        files = tuple(accounts(conn))
        polls = tuple(cursors.views(conn))
    queue = overview(store)
    services, problem = _services(where, queue)
    return Status(
        queue=queue,
        results=results,
        accounts=files,
        polls=polls,
        model=serving.name if serving else where.settings.model.base,
        database=str(store.path) if store.path else "PostgreSQL",
        services=services,
        services_problem=problem,
    )


def _services(where: Here, queue: Overview) -> tuple[tuple[Verdict, ...], str | None]:
    """Nothing where none is installed: then nobody is asked, and nothing more is imported."""
    try:
        system = supervisor(settings.environment())
        if not system.installed():
            return (), None
        from daemon.service.health import report
        from daemon.service.plan import plan

        wanted, _ = plan(where.paths, settings.environment())
        return tuple(report(system, wanted, queue.processes)), None
    except SecaidError as error:
        return (), str(error)


def _print(found: Status, poll: Poll) -> None:
    queue = found.queue
    attention = [*_service_attention(found), *_poll_attention(found, poll), *queue.attention]
    click.secho("needs attention" if attention else "nothing needs attention", bold=True)
    for sentence in attention:
        click.echo(printable(f"  ! {sentence}"))
    if queue.database_risk:
        click.echo(printable(f"  · {queue.database_risk}"))
    _print_jobs(queue)
    _print_processes(queue)
    _print_services(found.services)
    _print_polls(found.polls)
    _print_results(found.results)
    size = queue.size
    click.echo(f"\nmodel     {found.model}\ndatabase  {found.database}, {size.database / _MEBIBYTE:.1f} MiB", nl=False)
    click.echo(f" and {size.log / _MEBIBYTE:.1f} MiB of log" if size.log else "")


def _print_jobs(queue: Overview) -> None:
    click.echo()
    states = [str(state) for state in JobState]
    rows = [(kind, *(counts.get(state, "") for state in states)) for kind, counts in sorted(queue.jobs.items())]
    print_table(("jobs", *states), rows, empty="no jobs yet: `secaid ingest` or `secaid run` brings some")


def _print_processes(queue: Overview) -> None:
    if queue.processes:
        click.echo()
        rows = [(one.role, one.kind, one.pid, one.state, one.note or "") for one in queue.processes]
        print_table(("process", "kind", "pid", "state", "note"), rows, empty="")
    for one in queue.processes:
        if one.state == "waiting":
            click.echo(printable(f"\nwaiting   {one.kind}: {one.note}"))


def _service_attention(found: Status) -> list[str]:
    said = [f"the {one.unit} service: {one.health}: {one.says}" for one in found.services if not one.well]
    return [*said, f"the services cannot be asked: {found.services_problem}"] if found.services_problem else said


def _poll_attention(found: Status, poll: Poll) -> list[str]:
    """Repositories that nobody asks about; one that fails is the queue's own sentence."""
    succeeded = {view.repository: view.succeeded_at for view in found.polls}
    longest = max(_LATE_SECONDS, 4.0 * poll.interval_seconds)
    said = []
    for name in (one.name for one in poll.repositories):
        at = succeeded.get(name)
        if name not in succeeded:
            said.append(f"{name} was never polled: `secaid service install`, or `secaid poll --once`")
        elif at is not None and found.queue.at - at > longest:
            said.append(
                f"{name} was last polled at {_moment(at)}: `secaid service status` tells whether the poller runs"
            )
    return said


def _print_polls(polls: Iterable[PollView]) -> None:
    rows = [
        (
            one.repository,
            _moment(one.succeeded_at) if one.succeeded_at else "never",
            one.uploads.get("fetched", 0),
            one.uploads.get("pending", 0) or "",
            one.reason,
        )
        for one in polls
    ]
    if rows:
        click.echo()
        print_table(("polled", "last", "artifacts", "waiting", "problem"), rows, empty="")


def _moment(at: float) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(at))


def _print_services(services: Iterable[Verdict]) -> None:
    if services:
        said = ", ".join(f"{one.unit} {one.health}" for one in services)
        click.echo(printable(f"\nservices  {said}"))


def _print_results(results: Results) -> None:
    click.echo()
    severities = [str(severity) for severity in Severity]
    rows = [(tool, *(counts.get(one, "") for one in severities)) for tool, counts in results.by_tool.items()]
    print_table(("open findings", *severities), rows, empty="no findings yet")
    outcomes = results.outcomes
    click.echo(
        f"\nfixes     {results.verified_fixes} verified; "
        f"{outcomes.get('fixed', 0)} of {results.findings} findings have one, "
        f"{results.with_multiple_approaches} have several approaches"
    )
    _print_analyses(results)
    for rule in results.noisy_rules:
        click.echo(
            printable(
                f"noisy     {rule.findings} {rule.tool} findings ({rule.share:.0%}) come from {rule.rule}, "
                f"{rule.verified_fixes} with a verified fix, {rule.applied_fixes} applied"
            )
        )


def _print_analyses(results: Results) -> None:
    """Who explains the findings; the rules alone where no model was there to be asked."""
    if not results.analyses:
        return
    asked, rules = (results.analyses.get(source, 0) for source in ("model", "rule"))
    why = "" if asked else "; `secaid doctor` looks for the model"
    click.echo(f"analyses  {asked} by a model, {rules} in their rules' own words{why}")
