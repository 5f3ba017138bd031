"""`secaid doctor`: what is in order, what is not, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import click

from daemon.cli.context import Here, here, opened
from daemon.cli.output import json_option, print_json
from daemon.store.backup import backup, restore
from workers.commands.checks import Health, checks, print_checks


@click.command()
@click.option(
    "--backup", "backup_to", type=click.Path(path_type=Path), help="Copy the database there, while it is used."
)
@click.option(
    "--restore",
    "restore_from",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put this backup in the database's place; what was there is kept beside it. No process of secaid may run.",
)
@json_option
def doctor(backup_to: Path | None, restore_from: Path | None, as_json: bool) -> None:
    """Look at everything secaid needs. Exit 1 where something must be mended."""
    where = here()
    if restore_from is not None:
        _restore(where, restore_from, as_json)
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


def _restore(where: Here, source: Path, as_json: bool) -> None:
    if where.settings.database.url:
        message = "the database is not secaid's own file: restore it with its server's tools (`pg_restore`)"
        raise click.UsageError(message)
    kept = restore(source, where.paths.database)
    click.echo(f"restored {source}" + (f"; what was there is {kept}" if kept else ""), err=as_json)
