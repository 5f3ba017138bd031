"""`secaid demo`: the whole pipeline over a small service of our own, then what came of it."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import click
import msgspec

from daemon import settings
from daemon.cli.context import Here, opened
from daemon.cli.outcome import print_outcome
from daemon.cli.run import work
from daemon.domain.artifact import ArtifactOrigin
from daemon.errors import Unavailable
from daemon.poll.enqueue import Provenance, ingest_path
from daemon.poll.intake import artifacts_in
from daemon.resources import resource

_REPOSITORY = "secaid/orders"


@click.command()
@click.option(
    "--artifacts",
    "more",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="More artifact folders to take in, without their source.",
)
def demo(more: tuple[Path, ...]) -> None:
    """Take in real scan reports, explain, fix, verify, learn, and show what came of it. No network, no token."""
    where, began = _here(), time.monotonic()
    _begin_anew(where)
    source = where.paths.data / "orders.git"
    commit = _import_history(source)
    click.echo(f"taking in the reports of {_REPOSITORY} at {commit[:12]}")
    service = Provenance(
        origin=ArtifactOrigin.MANUAL, repository=_REPOSITORY, commit=commit, branch="main", source=str(source)
    )
    _ingest(where, resource("examples", "reports"), service)
    for folder in more:
        click.echo(f"taking in {folder}")
        _ingest(where, folder, Provenance(origin=ArtifactOrigin.MANUAL))
    dead = work(where, until_idle=True)
    with opened(where) as store:
        print_outcome(store, where)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    click.echo(f"all of it took {minutes} min {seconds} s")
    if dead:
        raise SystemExit(1)


def _here() -> Here:
    """A home of its own, with the scanners of the real one."""
    main, usual = settings.load()
    configured, paths = settings.load(profile="demo")
    replace = msgspec.structs.replace
    scanners = main.verification.scanners or str(usual.scanners)
    configured = replace(
        configured,
        verification=replace(configured.verification, scanners=scanners),
        model=replace(configured.model, directory=str(paths.data / "models")),
    )
    return Here(configured, paths)


def _begin_anew(where: Here) -> None:
    """A demonstration starts from nothing; only the models, which took time to make, are kept."""
    for folder in (where.paths.artifacts, where.paths.index, where.paths.run, where.paths.staging):
        shutil.rmtree(folder, ignore_errors=True)
    for file in where.paths.data.glob("secaid.db*"):
        shutil.rmtree(file, ignore_errors=True) if file.is_dir() else file.unlink(missing_ok=True)


def _import_history(target: Path) -> str:
    """The example service as a repository; its newest commit.

    Raises:
        Unavailable: git is missing or failed.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["git", "-c", "init.defaultBranch=main", "init", "--quiet", "--bare", str(target)], check=True)
        with resource("examples", "history.fast-export").open("rb") as history:
            subprocess.run(["git", "-C", str(target), "fast-import", "--quiet"], stdin=history, check=True)
        head = ["git", "-C", str(target), "rev-parse", "refs/heads/main"]
        return subprocess.run(head, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        message = f"the example's history could not be imported with git: {error}"
        raise Unavailable(message) from error


def _ingest(where: Here, folder: Path, provenance: Provenance) -> None:
    with opened(where) as store:
        for path in artifacts_in(folder):
            ingest_path(store, where.storage, where.paths.staging, path, provenance)
