"""`secaid jobs`: look at the queue, retry, cancel, pause."""

from __future__ import annotations

import datetime as dt

import click

from daemon.cli.context import here, opened
from daemon.cli.output import json_option, print_json, print_table, printable
from daemon.domain.job import JobKind, JobState
from daemon.store import queue

_KINDS = click.Choice([str(kind) for kind in JobKind])
_STATES = click.Choice([str(state) for state in JobState])


@click.group()
def jobs() -> None:
    """The queue."""


@jobs.command("list")
@click.option("--state", "states", multiple=True, type=_STATES)
@click.option("--kind", "kinds", multiple=True, type=_KINDS)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@json_option
def list_jobs(states: tuple[str, ...], kinds: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Jobs, newest first."""
    with opened(here()) as store, store.read() as conn:
        found = queue.jobs_list(conn, states=states, kinds=kinds, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.kind, one.state, one.attempt, _when(one.created_at), _note(one)) for one in found]
    print_table(("id", "kind", "state", "attempt", "created", "note"), rows, empty="no job passes this filter")


@jobs.command("show")
@click.argument("job_id", type=int)
@json_option
def show_job(job_id: int, as_json: bool) -> None:
    """One job with its failures."""
    with opened(here()) as store, store.read() as conn:
        one = queue.show(conn, job_id)
    if one is None:
        raise _unknown(job_id)
    if as_json:
        print_json(one)
        return
    click.secho(f"job {one.id}: {one.kind}, {one.state}, attempt {one.attempt}", bold=True)
    for name in ("payload", "result", "cause", "reason", "note", "needs"):
        if value := getattr(one, name):
            click.echo(printable(f"{name}: {value}"))
    for failure in one.failures:
        click.echo(printable(f"{_when(failure.at)} attempt {failure.attempt}: {failure.cause}: {failure.reason}"))


@jobs.command("retry")
@click.argument("job_ids", nargs=-1, required=True, type=int)
def retry_jobs(job_ids: tuple[int, ...]) -> None:
    """Give dead or cancelled jobs all their attempts again."""
    with opened(here()) as store, store.begin() as conn:
        refused = [job_id for job_id in job_ids if not queue.requeue(conn, job_id)]
    for job_id in refused:
        click.echo(f"secaid: job {job_id} is neither dead nor cancelled, or an unfinished job stands for it", err=True)
    click.echo(f"{len(job_ids) - len(refused)} ready again")
    if refused:
        raise SystemExit(1)


@jobs.command("cancel")
@click.argument("job_id", type=int)
@click.option("--reason", default="cancelled by hand", show_default=True)
def cancel_job(job_id: int, reason: str) -> None:
    """End an unfinished job; a running one stops within a heartbeat."""
    with opened(here()) as store, store.begin() as conn:
        before = queue.cancel(conn, job_id, reason=reason)
    if before is None:
        raise _unknown(job_id, "or it has ended already")
    click.echo(f"job {job_id} was {before} and is cancelled")


@jobs.command("pause")
@click.argument("kind", type=_KINDS)
@click.option("--reason", default="paused by hand", show_default=True)
def pause_kind(kind: str, reason: str) -> None:
    """Let no job of this kind start until `resume`."""
    with opened(here()) as store, store.begin() as conn:
        queue.pause(conn, kind, reason=reason)
    click.echo(f"{kind} is paused; running jobs go on")


@jobs.command("resume")
@click.argument("kind", type=_KINDS)
def resume_kind(kind: str) -> None:
    """Let jobs of this kind start again."""
    with opened(here()) as store, store.begin() as conn:
        queue.resume(conn, kind)
    click.echo(f"{kind} goes on")


def _unknown(job_id: int, more: str = "") -> click.UsageError:
    return click.UsageError(f"there is no job {job_id} {more}".strip() + "; see `secaid jobs list`")


def _note(one: queue.JobView) -> str:
    if one.reason:
        return one.reason.strip().splitlines()[-1]
    return one.note or ""


def _when(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
