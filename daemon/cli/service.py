"""`secaid service`: the poller and the workers as services of this system."""

from __future__ import annotations

import click
import msgspec

from daemon import settings
from daemon.cli.context import Here, here, opened
from daemon.cli.output import json_option, print_json, printable
from daemon.errors import SecaidError
from daemon.service.backend import supervisor
from daemon.service.health import Verdict, report
from daemon.service.plan import plan
from daemon.service.unit import UNITS
from daemon.store import processes
from daemon.store.processes import ProcessView

_UNITS = click.Choice(UNITS)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints after a change."""

    supervisor: str
    done: list[str]
    notes: list[str] = []


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `secaid service status --json` prints."""

    supervisor: str
    well: bool
    services: list[Verdict]
    problem: str | None = None
    """Why the database could not be asked for heartbeats."""


@click.group()
def service() -> None:
    """Run secaid for good: launchd agents on a Mac, systemd user units on Linux."""


@service.command()
@json_option
def install(as_json: bool) -> None:
    """Write one service for the poller and one per worker kind, and start them. Again after every upgrade."""
    where = here()
    wanted, notes = plan(where.paths, settings.environment())
    system = supervisor(settings.environment())
    _print(Outcome(supervisor=system.name, done=system.install(wanted), notes=notes), as_json)


@service.command()
@json_option
def uninstall(as_json: bool) -> None:
    """End the services and remove their files. Data, settings and logs stay."""
    system = supervisor(settings.environment())
    _print(Outcome(supervisor=system.name, done=system.uninstall()), as_json)


@service.command()
@click.argument("units", nargs=-1, type=_UNITS)
@json_option
def start(units: tuple[str, ...], as_json: bool) -> None:
    """Start the services, or those named."""
    system = supervisor(settings.environment())
    _print(Outcome(supervisor=system.name, done=system.start(units or UNITS)), as_json)


@service.command()
@click.argument("units", nargs=-1, type=_UNITS)
@json_option
def stop(units: tuple[str, ...], as_json: bool) -> None:
    """Stop the services, or those named, until `start` or the next login. Their jobs are put back."""
    system = supervisor(settings.environment())
    _print(Outcome(supervisor=system.name, done=system.stop(units or UNITS)), as_json)


@service.command()
@json_option
def status(as_json: bool) -> None:
    """What the system says of each service, and its heartbeat. Exit 1 unless all are well."""
    where = here()
    known, problem = _processes(where)
    system = supervisor(settings.environment())
    wanted, _ = plan(where.paths, settings.environment())
    verdicts = report(system, wanted, known)
    found = Report(
        supervisor=system.name,
        well=problem is None and all(one.well for one in verdicts),
        services=verdicts,
        problem=problem,
    )
    if as_json:
        print_json(found)
    else:
        _print_report(found)
    if not found.well:
        raise SystemExit(1)


def _processes(where: Here) -> tuple[list[ProcessView], str | None]:
    """Who reported to the database; a database that cannot be read is told, and is no reason to say nothing."""
    try:
        with opened(where) as store, store.read() as connection:
            return processes.everyone(connection, one_host=store.path is not None), None
    except SecaidError as error:
        return [], str(error)


def _print(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        print_json(outcome)
        return
    for sentence in outcome.done or ["nothing to do"]:
        click.echo(printable(sentence))
    for note in outcome.notes:
        click.echo(printable(f"note: {note}"))


def _print_report(found: Report) -> None:
    if found.problem:
        click.echo(printable(f"! no heartbeats: {found.problem}"))
    for one in found.services:
        mark = "✓" if one.well else "✗"
        click.echo(printable(f"{mark} {one.unit:<11} {one.health:<13} {one.says}"))
        for line in one.last_words:
            click.echo(printable(f"    | {line}"))
