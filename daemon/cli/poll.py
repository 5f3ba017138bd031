"""`secaid poll`: look for new artifacts, as launchd runs it or once."""

from __future__ import annotations

import click

from daemon.cli.context import here
from daemon.cli.output import json_option, print_json
from daemon.errors import Unavailable


@click.command()
@click.option("--once", is_flag=True, help="End after one round.")
@json_option
def poll(once: bool, as_json: bool) -> None:
    """Fetch new artifacts from GitHub and the watched folders, until stopped. `--json` goes with `--once`."""
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
    if told.problem:
        raise Unavailable(told.problem)
    if not as_json:
        click.echo(f"{told.repositories} repositories and {told.folders} watched folders were looked at")
