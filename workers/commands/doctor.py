"""`secaid doctor`: what is in order, what is not, and how to mend it."""

from __future__ import annotations

import ctypes.util
import enum
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec

from daemon.cli.context import Here, here, opened
from daemon.cli.output import json_option, print_json, printable
from daemon.errors import SecaidError
from daemon.settings import github_token
from daemon.store.backup import backup, integrity
from daemon.store.sqlite import sqlite_risk
from workers.commands.setup import scanner_folders
from workers.llm.locate import model_directory
from workers.verify.environments import available

_LITTLE_DISK = 5 * 2**30
"""Bytes; a base model with room to train."""


class Health(enum.StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    """Works, with less than there could be."""
    MEND = "mend"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report."""

    name: str
    health: Health
    says: str
    mend: str | None = None
    """What to do about it."""


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
    checks = [check for look in _LOOKS for check in look(where)]
    if as_json:
        print_json(checks)
    else:
        for check in checks:
            click.echo(printable(f"{_MARK[check.health]} {check.name:<14} {check.says}"))
            if check.mend:
                click.echo(printable(f"  {'':<14} → {check.mend}"))
    if any(check.health is Health.MEND for check in checks):
        raise SystemExit(1)


_MARK = {Health.OK: "✓", Health.NOTE: "·", Health.MEND: "✗"}


def _runtime(_where: Here) -> Iterator[Check]:
    version = platform.python_version()
    yield Check(name="python", health=Health.OK, says=f"{version} on {platform.system()} {platform.machine()}")
    git = shutil.which("git")
    yield Check(
        name="git",
        health=Health.OK if git else Health.MEND,
        says=git or "not installed: the scanned commits cannot be read",
        mend=None if git else "install git",
    )
    if sys.platform == "linux":
        blas = ctypes.util.find_library("openblas")
        yield Check(
            name="openblas",
            health=Health.OK if blas else Health.NOTE,
            says=blas or "not installed: models run about five times slower",
            mend=None if blas else "install it with the system's package manager (Debian: libopenblas0)",
        )


def _disk(where: Here) -> Iterator[Check]:
    folder = next(one for one in (where.paths.data, *where.paths.data.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    enough = free >= _LITTLE_DISK
    yield Check(
        name="disk",
        health=Health.OK if enough else Health.NOTE,
        says=f"{free / 2**30:.1f} GiB free at {folder}",
        mend=None if enough else "free some space: a base model with room to train needs about 5 GiB",
    )


def _database(where: Here) -> Iterator[Check]:
    risk = sqlite_risk()
    yield Check(name="sqlite", health=Health.NOTE if risk else Health.OK, says=risk or "no known risk in this version")
    try:
        with opened(where) as store:
            found = integrity(store)
    except SecaidError as error:
        found = [str(error)]
    yield Check(
        name="database",
        health=Health.MEND if found else Health.OK,
        says="; ".join(found) or f"sound, at {where.database}",
        mend="restore a backup, or move the file away to begin anew" if found else None,
    )


def _scanners(where: Here) -> Iterator[Check]:
    tools, missing = available(scanner_folders(where))
    for tool in tools:
        yield Check(name=tool.name, health=Health.OK, says=f"{tool.version} at {tool.executable}")
    for name, reason in sorted(missing.items()):
        mend = f"`secaid setup --scanners {name}`; without it, its findings are not verified"
        yield Check(name=name, health=Health.NOTE, says=reason, mend=mend)


def _models(where: Here) -> Iterator[Check]:
    try:
        directory = model_directory(where.settings.model)
    except SecaidError as error:
        yield Check(
            name="model",
            health=Health.NOTE,
            says=str(error),
            mend="`secaid setup`; without it, rules' own help is shown",
        )
    else:
        yield Check(name="model", health=Health.OK, says=str(directory))


def _token(where: Here) -> Iterator[Check]:
    needed = bool(where.settings.poll.repositories)
    token = github_token()
    missing = "none in the environment; only needed to poll GitHub"
    yield Check(
        name="github token",
        health=Health.OK if token else (Health.MEND if needed else Health.NOTE),
        says="found in the environment" if token else missing,
        mend="set SECAID_GITHUB_TOKEN to a token that may read Actions" if needed and not token else None,
    )


_LOOKS: tuple[Callable[[Here], Iterator[Check]], ...] = (_runtime, _disk, _database, _scanners, _models, _token)
