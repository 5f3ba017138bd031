"""`secaid ingest`: enqueue artifacts by hand, and account for every raw row of theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from daemon.cli.context import Here, here, opened
from daemon.cli.output import console, json_option, print_json, printable
from daemon.domain.artifact import ArtifactOrigin
from daemon.domain.job import JobKind
from daemon.domain.scan import Disposition, FileAccount, ReportState
from daemon.errors import SecaidError
from daemon.poll.enqueue import Ingested, Provenance, ingest_path
from daemon.poll.intake import artifacts_in
from daemon.store import artifacts as artifacts_store
from daemon.store import queue
from daemon.store.engine import Store

_MAX_REASON = 200
_MAX_NAME = 40
"""Columns of a file's name; its end says more than its beginning."""


class Accounted(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact, and what became of every raw row in it."""

    name: str
    sha256: str
    artifact_id: int
    job: int | None
    new: bool
    accounted: bool
    """False until its analysis job has read it."""
    problem: str | None
    """Why its job ended dead."""
    rows: dict[str, int]
    """`total`, and by fate: `kept`, `duplicate`, `ignored`."""
    files: tuple[FileAccount, ...]
    """With every raw row: its hash, its fate, the finding it is or repeats, and which row it repeats or why not."""


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--repo", "repository", help="The scanned repository, owner/name.")
@click.option("--commit", help="The scanned commit.")
@click.option("--branch", help="The scanned branch.")
@click.option("--source", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A local checkout.")
@click.option("--wait", is_flag=True, help="Analyse them now, and account for every raw row.")
@json_option
def ingest(
    paths: tuple[Path, ...], repository: str | None, commit: str | None, branch: str | None, source: Path | None,
    wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Enqueue artifact folders, zips or reports; one that cannot be stored does not stop the others.

    Workers analyse them (`secaid run`); with --wait this command does, and ends when every raw row is accounted
    for: kept, a duplicate of which, or ignored because of what. Exit 1 when something was refused or cannot be read,
    2 when a path is not there.
    """
    provenance = Provenance(
        origin=ArtifactOrigin.MANUAL,
        repository=repository,
        commit=commit,
        branch=branch,
        source=str(source.resolve()) if source else None,
    )
    where = here()
    # By now: what is taken in may be a folder that somebody clears meanwhile.
    absent = not all(path.exists() for path in paths)
    taken: list[Ingested] = []
    refused: list[str] = []
    with opened(where) as store:
        for path in paths:
            for one in _found(path, refused):
                try:
                    taken += [ingest_path(store, where.storage, where.paths.staging, one, provenance)]
                except SecaidError as error:
                    refused.append(str(error))
        if wait:
            _analyse(where)
        accounted = [_accounted(store, one) for one in taken]
    _print(accounted, refused, as_json=as_json)
    if absent:
        raise SystemExit(2)
    if refused or any(one.problem for one in accounted):
        raise SystemExit(1)


def _found(path: Path, refused: list[str]) -> list[Path]:
    try:
        return artifacts_in(path)
    except SecaidError as error:
        refused.append(str(error))
        return []


def _analyse(where: Here) -> None:
    """Run analysis jobs until none is left, with progress on stderr."""
    from daemon.cli.progress import shown
    from daemon.process.run import run as serve

    with shown() as on_progress:
        kinds = [str(JobKind.ANALYSIS)]
        serve(where.settings, where.paths, until_idle=True, kinds=kinds, on_progress=on_progress)


def _accounted(store: Store, one: Ingested) -> Accounted:
    with store.read() as conn:
        files = tuple(artifacts_store.account(conn, one.artifact_id))
        job = queue.show(conn, one.job) if one.job else None
    fates = [row.disposition for file in files for row in file.rows]
    broken = "; ".join(f"{file.path}: {file.reason}" for file in files if file.state == "broken")
    return Accounted(
        **msgspec.structs.asdict(one),
        accounted=bool(files),
        problem=broken or (job.reason if job else None),
        rows={"total": len(fates)} | {str(fate): fates.count(fate) for fate in Disposition},
        files=files,
    )


def _print(accounted: Sequence[Accounted], refused: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"artifacts": accounted, "refused": refused})
    else:
        _print_accounts([one for one in accounted if one.accounted])
        for one in accounted:
            if not one.accounted:
                state = f"job {one.job}" if one.new else "known already, and not analysed yet"
                click.echo(printable(f"{one.name}: {one.problem or state}"))
        if any(not one.accounted for one in accounted):
            click.echo("`secaid run` analyses what is enqueued; `--wait` does it here")
    for problem in refused:
        click.echo(f"secaid: {problem}", err=True)


def _print_accounts(accounted: Sequence[Accounted]) -> None:
    """A line for each file of each artifact, and the sum."""
    if not any(one.files for one in accounted):
        return
    from rich.table import Table
    from rich.text import Text

    screen = console(table=True)
    for one in accounted:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=_MAX_NAME)
        table.add_column(overflow="fold")
        for file in one.files:
            name = file.path if len(file.path) <= _MAX_NAME - 2 else f"…{file.path[3 - _MAX_NAME :]}"
            table.add_row(Text(printable(f"  {name}")), Text(printable(_told(file))))
        screen.print(Text(printable(one.name), style="bold"))
        screen.print(table)
    sums = {name: sum(one.rows[name] for one in accounted) for name in ("total", *map(str, Disposition))}
    click.echo(
        f"\n{sums['total']:,} raw rows: {sums['kept']:,} kept, {sums['duplicate']:,} duplicates, "
        f"{sums['ignored']:,} ignored"
    )


def _told(file: FileAccount) -> str:
    """`sarif, 107 rows: 100 kept, 7 ignored; because …`."""
    because = _because(file)
    if file.state is not ReportState.PARSED:
        return f"{file.state}: {because}"
    fates = Counter(str(row.disposition) for row in file.rows)
    words = {"kept": "kept", "duplicate": "repeated", "ignored": "ignored"}
    parts = ", ".join(f"{fates[fate]:,} {word}" for fate, word in words.items() if fates[fate])
    text = f"{file.format}, {len(file.rows):,} row{'' if len(file.rows) == 1 else 's'}{f': {parts}' if parts else ''}"
    return f"{text}; {because}" if because else text


def _because(file: FileAccount) -> str:
    """The file's own reason, else the most frequent one of its ignored rows."""
    reasons = [row.reason or "" for row in file.rows if row.disposition is Disposition.IGNORED]
    text = file.reason or (max(set(reasons), key=reasons.count) if reasons else "")
    return text if len(text) <= _MAX_REASON else f"{text[: _MAX_REASON - 1]}…"
