"""`secaid setup`: folders, database, scanners and model; doing it again changes nothing."""

from __future__ import annotations

import concurrent.futures
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from daemon.cli.context import Here, here, opened
from daemon.cli.output import json_option, print_json
from daemon.errors import SecaidError
from workers.verify.environments import install
from workers.verify.scanner import SCANNERS, Tool

_AT_ONCE = 2
"""Installations are half waiting for the network, half unpacking."""


@click.command()
@click.option("--scanners", help="Only make these scanners' environments: names with commas, or `all`.")
@click.option("--model", help="Only make this model ready: `embedded`, or a model's name on the hub.")
@click.option("--yes", is_flag=True, help="Ask nothing; the default where there is no terminal.")
@json_option
def setup(scanners: str | None, model: str | None, yes: bool, as_json: bool) -> None:
    """Make everything ready: folders, database, scanners, model. Each step that is done already is quick."""
    where = here()
    done: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name, step in _steps(where, scanners, model, yes=yes):
        try:
            done[name] = step()
        except SecaidError as error:
            failed[name] = str(error)
            click.echo(f"secaid: {error}", err=True)
    if as_json:
        print_json({"done": done, "failed": failed})
    elif not failed:
        click.echo("ready; `secaid doctor` looks at everything again")
    if failed:
        raise SystemExit(3)


Step = tuple[str, Callable[[], str]]


def _steps(where: Here, scanners: str | None, model: str | None, *, yes: bool) -> list[Step]:
    """Everything, or only what was named."""
    everything = scanners is None and model is None
    steps: list[Step] = []
    if everything:
        steps.append(("database", lambda: _database(where)))
    if scanners is not None or everything:
        steps += _scanner_steps(where, _chosen(scanners or "all"))
    if model is not None or everything:
        wanted = model or where.settings.model.base
        if model is not None or yes or click.confirm(f"make the model {wanted} ready now (it may be a long download)?"):
            steps.append((f"model {wanted}", lambda: _model(where, wanted)))
    return steps


def _database(where: Here) -> str:
    where.paths.data.mkdir(parents=True, exist_ok=True)
    with opened(where):
        click.echo(f"database {where.database}", err=True)
    return where.database


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
    return [(f"scanner {name}", functools.partial(_version, future)) for name, future in running.items()]


def _version(installation: concurrent.futures.Future[Tool]) -> str:
    return installation.result().version


def scanner_folders(where: Here) -> list[Path]:
    """Where scanners' environments are looked for, the place to make them first."""
    configured = where.settings.verification.scanners
    return [Path(configured).expanduser() if configured else where.paths.scanners]


def _model(where: Here, name: str) -> str:
    from workers.llm.locate import model_directory

    return str(model_directory(msgspec.structs.replace(where.settings.model, base=name)))
