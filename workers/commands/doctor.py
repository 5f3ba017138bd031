"""`secaid doctor`: what is in order, what is not, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import click

from daemon.cli.context import here, opened
from daemon.cli.output import json_option, print_json
from daemon.store.backup import backup
from workers.commands.checks import Health, checks, print_checks


@click.command()
@click.option(
    "--backup", "backup_to", type=click.Path(path_type=Path), help="Copy the database there, while it is used."
)
@json_option
def doctor(backup_to: Path | None, as_json: bool) -> None:
    """Look at everything secaid needs. Exit 1 where something must be mended."""
    where = here()
    if backup_to is not None:
        with opened(where) as store:
            click.echo(f"backed up to {backup(store, backup_to)}", err=as_json)
    found = checks(where)
    if as_json:
        print_json(found)
    else:
        print_checks(found)
    if any(check.health is Health.MEND for check in found):
        raise SystemExit(1)
