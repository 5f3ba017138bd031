"""`secaid ingest`: enqueue artifacts by hand."""

from __future__ import annotations

from pathlib import Path

import click

from daemon.cli.context import here, opened
from daemon.cli.output import json_option, print_json
from daemon.domain.artifact import ArtifactOrigin
from daemon.errors import SecaidError
from daemon.poll.enqueue import Ingested, Provenance, ingest_path
from daemon.poll.intake import artifacts_in


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--repo", "repository", help="The scanned repository, owner/name.")
@click.option("--commit", help="The scanned commit.")
@click.option("--branch", help="The scanned branch.")
@click.option("--source", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A local checkout.")
@json_option
def ingest(
    paths: tuple[Path, ...], repository: str | None, commit: str | None, branch: str | None, source: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Enqueue artifact folders, zips or reports; one that cannot be stored does not stop the others."""
    provenance = Provenance(
        origin=ArtifactOrigin.MANUAL,
        repository=repository,
        commit=commit,
        branch=branch,
        source=str(source.resolve()) if source else None,
    )
    where = here()
    taken: list[Ingested] = []
    refused: list[str] = []
    with opened(where) as store:
        for path in paths:
            for one in _found(path, refused):
                try:
                    taken += [ingest_path(store, where.storage, where.paths.staging, one, provenance)]
                except SecaidError as error:
                    refused.append(str(error))
    _print(taken, refused, as_json=as_json)
    if refused:
        raise SystemExit(1)


def _found(path: Path, refused: list[str]) -> list[Path]:
    try:
        return artifacts_in(path)
    except SecaidError as error:
        refused.append(str(error))
        return []


def _print(taken: list[Ingested], refused: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"artifacts": taken, "refused": refused})
    else:
        for one in taken:
            click.echo(f"{one.name}: {f'job {one.job}' if one.new else 'known already'}")
    for problem in refused:
        click.echo(f"secaid: {problem}", err=True)
