"""`secaid run`: poller and workers in the foreground."""

from __future__ import annotations

import click

from daemon.cli.context import Here, here, opened
from daemon.cli.output import json_option, print_json
from daemon.cli.progress import shown
from daemon.cli.status import look
from daemon.domain.job import JobKind
from daemon.errors import Unavailable


@click.command()
@click.option("--until-idle", is_flag=True, help="End when nothing is left that can run.")
@json_option
def run(until_idle: bool, as_json: bool) -> None:
    """Do everything there is to do; with `--until-idle`, end then. Exit 1 when jobs are dead."""
    where = here()
    dead = work(where, until_idle=until_idle)
    if as_json:
        with opened(where) as store:
            print_json(look(store, where))
    if dead:
        click.echo(f"secaid: {dead} dead jobs; `secaid jobs list --state dead` says why", err=True)
        raise SystemExit(1)


def work(where: Here, *, until_idle: bool) -> int:
    """Run the poller and workers of every kind, with progress on the terminal; how many jobs are dead at the end."""
    from daemon.process import poller
    from daemon.process.run import run as serve

    polls = poller.wanted(where.settings)
    kinds = [str(kind) for kind in JobKind]
    with shown() as on_progress:
        counts = serve(
            where.settings,
            where.paths,
            until_idle=until_idle,
            kinds=kinds,
            poll=(lambda: _poll(where)) if polls and until_idle else None,
            poller=polls and not until_idle,
            on_progress=on_progress,
        )
    return sum(states.get("dead", 0) for states in counts.values())


def _poll(where: Here) -> None:
    from daemon.process import poller

    if problem := poller.poll_once(where.settings, where.paths).problem:
        raise Unavailable(problem)
