"""`secaid poll`: look for new artifacts, as launchd runs it or once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daemon.cli.context import here
from daemon.cli.output import json_option, print_json, printable
from daemon.errors import Unavailable

if TYPE_CHECKING:
    from daemon.process.rounds import Round


@click.command()
@click.option("--once", is_flag=True, help="End after one round.")
@json_option
def poll(once: bool, as_json: bool) -> None:
    """Fetch new artifacts from GitHub and the watched folders, until stopped. `--json` goes with `--once`.

    With `--once`, exit 1 where a repository could not be polled, and 3 where GitHub could not be asked at all.
    """
    from daemon.process import poller

    where = here()
    if not once:
        if as_json:
            message = "--json needs --once: without it there is no end to print at"
            raise click.UsageError(message)
        poller.serve(where.settings, where.paths, come_back=poller.COMMAND)
        return
    if not poller.wanted(where.settings):
        message = (
            f"there is nothing to poll: write poll.repositories or poll.watch into {where.paths.user_settings}, "
            "or run `secaid setup`"
        )
        raise Unavailable(message)
    told = poller.poll_once(where.settings, where.paths)
    if as_json:
        print_json(told)
    else:
        _print(told)
    if told.problem:
        raise Unavailable(told.problem)
    if any(one.problem for one in told.repositories):
        raise SystemExit(1)


def _print(told: Round) -> None:
    width = max((len(one.repository) for one in told.repositories), default=0)
    for one in told.repositories if told.problem is None else ():
        waiting = f", {one.waiting} waiting to be fetched" if one.waiting else ""
        says = one.problem or f"{one.taken} new artifacts{waiting}"
        click.echo(printable(f"{'✗' if one.problem else '✓'} {one.repository:<{width}}  {says}"))
    if told.folders:
        click.echo(f"✓ {told.dropped} new files in {told.folders} watched folders")
