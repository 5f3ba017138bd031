"""`secaid setup`: folders, settings, database, scanners, model, token, services; doing it again changes nothing."""

from __future__ import annotations

import concurrent.futures
import functools
import sys
from collections.abc import Callable, Iterator, Sequence

import click

from daemon.cli.context import Here, here
from daemon.cli.output import json_option, print_json
from daemon.errors import ScannerUnavailable, SecaidError
from daemon.tokens import find_token
from workers.commands import prepare, services
from workers.commands.checks import Check, Health, checks, print_checks
from workers.commands.prepare import scanner_folders
from workers.verify.environments import install
from workers.verify.scanner import SCANNERS, Tool

_AT_ONCE = 2
"""Installations are half waiting for the network, half unpacking."""

Step = tuple[str, Callable[[], str]]


@click.command()
@click.option("--scanners", help="Only make these scanners' environments: names with commas, or `all`.")
@click.option("--model", help="Only make this model ready: `embedded`, or a model's name on the hub.")
@click.option("--token", is_flag=True, help="Only take a GitHub token: typed unseen, or a line of standard input.")
@click.option("--service", is_flag=True, help="Only install the services, and have their poller read each repository.")
@click.option("--repository", "repositories", multiple=True, metavar="OWNER/NAME", help="Watch this repository.")
@click.option("--yes", is_flag=True, help="Ask nothing, and do all of it; the default where there is no terminal.")
@json_option
def setup(
    scanners: str | None,
    model: str | None,
    token: bool,
    service: bool,
    repositories: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """Make everything ready, and look whether it is. What is done already is quick. Exit 3 where a step failed.

    Services are installed where you say so: when asked, or by `--service`, which with `--yes` comes after all the rest.
    Where they run already, their poller is asked to read each repository now, with the token that it finds there.
    """
    everything = scanners is None and model is None and not token and (yes or not service)
    ask = everything and _asks(yes, as_json)
    if everything:
        chosen = repositories or (_ask_repositories() if ask else ())
        steps = _everything(here(), chosen, ask=ask, service=service)
    else:
        steps = _named(here(), scanners, model, token=token, service=service)
    done: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name, step in steps:
        try:
            done[name] = step()
        except SecaidError as error:
            failed[name] = str(error)
            click.echo(f"secaid: {error}", err=True)
        else:
            if not as_json:
                click.echo(f"✓ {name:<18} {done[name]}")
    found = checks(here()) if everything else []
    _report(done, failed, found, as_json=as_json)
    if failed:
        raise SystemExit(3)


def _asks(yes: bool, as_json: bool) -> bool:
    """Whether there is somebody to ask."""
    return not yes and not as_json and sys.stdin.isatty()


def _report(done: dict[str, str], failed: dict[str, str], found: Sequence[Check], *, as_json: bool) -> None:
    if as_json:
        print_json({"done": done, "failed": failed, "report": found})
        return
    if left := [one for one in found if one.health is not Health.OK]:
        click.echo("\nwhat is left:")
        print_checks(left)
    if not failed:
        click.echo("ready; `secaid doctor` looks at everything again")


def _everything(where: Here, repositories: Sequence[str], *, ask: bool, service: bool) -> Iterator[Step]:
    """All steps, in order; a later one sees what the ones before made."""
    yield "folders", lambda: prepare.folders(where)
    yield "settings", lambda: prepare.config_file(where, repositories)
    yield "database", lambda: prepare.database(here())
    yield from _scanner_steps(where, SCANNERS.names())
    model = here().settings.model.base
    if not ask or click.confirm(f"make the model {model} ready now (it may be a long download)?", default=True):
        yield f"model {model}", lambda: prepare.model(here(), model)
    if here().settings.poll.repositories:
        yield "token", lambda: prepare.token(here(), _ask_token(here()) if ask else None)
    if service or services.running(here()) or (ask and _ask_services()):
        yield from services.steps(here())


def _named(where: Here, scanners: str | None, model: str | None, *, token: bool, service: bool) -> Iterator[Step]:
    if scanners is not None:
        yield from _scanner_steps(where, _chosen(scanners))
    if model is not None:
        yield f"model {model}", lambda: prepare.model(where, model)
    if token:
        given = _typed() if sys.stdin.isatty() else sys.stdin.readline()
        yield "token", lambda: prepare.token(where, given.strip() or None)
    if service:
        yield from services.steps(where)


def _ask_token(where: Here) -> str | None:
    """A new token, where none is found; it is never shown."""
    return None if find_token(where.settings.poll.api_url) else _typed() or None


def _typed() -> str:
    answer = click.prompt(
        "GitHub token that may read Actions (empty for none)", default="", hide_input=True, show_default=False
    )
    return str(answer).strip()


def _ask_repositories() -> list[str]:
    answer = click.prompt(
        "repositories to watch on GitHub (owner/name, with blanks between; empty for none)",
        default="",
        show_default=False,
    )
    return str(answer).replace(",", " ").split()


def _ask_services() -> bool:
    return click.confirm("install the services now, so that secaid runs by itself from every login on?", default=False)


def _chosen(names: str) -> Sequence[str]:
    known = SCANNERS.names()
    chosen = known if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
    for name in chosen:
        if name not in known:
            message = f"no scanner is called {name!r}; known: {', '.join(known)}"
            raise click.UsageError(message)
    return chosen


def _scanner_steps(where: Here, names: Sequence[str]) -> list[Step]:
    """One step a scanner; the installations themselves run side by side from the first step on."""
    folder = scanner_folders(where)[0]
    pool = concurrent.futures.ThreadPoolExecutor(_AT_ONCE)
    running = {name: pool.submit(install, name, folder, lambda line: click.echo(line, err=True)) for name in names}
    pool.shutdown(wait=False)
    asked_for_all = list(names) == SCANNERS.names()
    return [
        (
            f"scanner {name}",
            functools.partial(_version, future, optional=asked_for_all and bool(SCANNERS.get(name).needs)),
        )
        for name, future in running.items()
    ]


def _version(installation: concurrent.futures.Future[Tool], *, optional: bool) -> str:
    """The version; of one that needs what a machine may well lack, and that nobody asked for by name, why it is not."""
    try:
        return installation.result().version
    except ScannerUnavailable as error:
        if not optional:
            raise
        return f"left out: {error}"
