"""`secaid models`: what was trained, what it measured, and which one serves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from daemon.cli.context import here, opened
from daemon.cli.output import json_option, print_json, print_table, printable
from daemon.domain.job import JobKind, NewJob
from daemon.domain.release import Release, ReleaseState
from daemon.errors import ModelUnavailable
from daemon.store import queue
from daemon.store import releases as releases_store


@click.group()
def models() -> None:
    """Tuned models: trained, measured, promoted only if better."""


@models.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """Every training's outcome, newest first."""
    where = here()
    with opened(where) as store, store.read() as conn:
        found = releases_store.listing(conn)
    if as_json:
        print_json({"base": where.settings.model.base, "releases": found})
        return
    rows = [(one.name, one.state, _rate(one), one.reason) for one in found]
    print_table(
        ("name", "state", "verified", "why"),
        rows,
        empty=f"no model was trained yet; {where.settings.model.base} serves",
    )


@models.command("show")
@click.argument("name")
@json_option
def show_model(name: str, as_json: bool) -> None:
    """One training: its stages, every reported loss, and what base and candidate measured."""
    with opened(here()) as store, store.read() as conn:
        release = _named(releases_store.listing(conn), name)
        losses = releases_store.losses_of(conn, release.name)
    if as_json:
        print_json({"release": release, "losses": losses})
        return
    click.echo(printable(f"{release.name}: {release.state}\n{release.reason}\n{release.path}\n"))
    rows = [(one.stage, one.iteration, one.kind, f"{one.loss:.3f}") for one in losses]
    print_table(("stage", "iteration", "loss of", "nats a token"), rows, empty="no loss was reported")


@models.command("train")
def train_model() -> None:
    """Train now, whatever the policy says."""
    with opened(here()) as store, store.begin() as conn:
        job = queue.enqueue(conn, NewJob(kind=JobKind.TRAINING, payload={"asked": True}, unique_key="training"))
    click.echo(f"training is job {job}; `secaid jobs show {job}` follows it")


@models.command("promote")
@click.argument("name")
def promote_model(name: str) -> None:
    """Let this release serve, by a person's decision."""
    where = here()
    with opened(where) as store, store.begin() as conn:
        chosen = _named(releases_store.listing(conn), name)
        if not where.settings.storage.url and not Path(chosen.path).is_dir():
            message = f"{name} is no longer in {chosen.path}: put its folder back, or train again"
            raise ModelUnavailable(message)
        promoted = msgspec.structs.replace(chosen, state=ReleaseState.PROMOTED, reason="promoted by a person")
        releases_store.save(conn, promoted)
    click.echo(f"{name} serves from now on, with its base model {chosen.base_model}")


@models.command("rollback")
def rollback_model() -> None:
    """Back to what served before: the release before this one, or the base model."""
    with opened(here()) as store, store.begin() as conn:
        both = releases_store.roll_back(conn, "rolled back by a person")
    if both is None:
        message = "no tuned model serves, so there is nothing to roll back"
        raise click.UsageError(message)
    taken, before = both
    click.echo(f"{before.name if before else 'the base model'} serves from now on, in place of {taken.name}")


def _named(found: Sequence[Release], name: str) -> Release:
    chosen = next((one for one in found if one.name == name), None)
    if chosen is None:
        message = f"no model is called {name!r}; see `secaid models list`"
        raise click.UsageError(message)
    return chosen


def _rate(one: Release) -> str:
    if one.evaluation is None or one.base_evaluation is None:
        return ""
    base, tuned = one.base_evaluation, one.evaluation
    return f"{tuned.verified}/{tuned.attempted} (base {base.verified}/{base.attempted})"
