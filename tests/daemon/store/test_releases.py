"""Which release serves, and what a rollback returns to."""

from __future__ import annotations

import datetime as dt

import pytest

from daemon.domain.release import Release, ReleaseState
from daemon.store import releases


@pytest.fixture
def promote(results_store):
    """Promotes a release of that name, made when it is first promoted; the later the call, the later it is."""
    made: dict[str, Release] = {}

    def serve(name: str, base: str = "base-4bit") -> None:
        release = Release(
            name=name,
            path=f"/models/{name}",
            base_model=base,
            state=ReleaseState.PROMOTED,
            reason="better",
            created_at=dt.datetime(2026, 11, 1 + len(made), tzinfo=dt.UTC),
        )
        with results_store.begin() as conn:
            releases.save(conn, made.setdefault(name, release))

    return serve


def _states(store) -> dict[str, str]:
    with store.read() as conn:
        return {one.name: str(one.state) for one in releases.listing(conn)}


def _roll_back(store) -> tuple[str, str | None]:
    with store.begin() as conn:
        taken, before = releases.roll_back(conn, "rolled back by a person")
    return taken.name, before.name if before else None


def test_promoting_one_retires_the_other(results_store, promote):
    promote("a")
    promote("b")
    assert _states(results_store) == {"a": "retired", "b": "promoted"}


def test_a_rollback_returns_to_what_served_before_and_at_last_to_the_base(results_store, promote):
    promote("a")
    promote("b")
    assert _roll_back(results_store) == ("b", "a")
    assert _roll_back(results_store) == ("a", None)
    with results_store.begin() as conn:
        assert releases.roll_back(conn, "again") is None


def test_a_rollback_never_returns_to_what_a_person_took_back(results_store, promote):
    promote("a")
    promote("b")
    _roll_back(results_store)
    promote("c")
    assert _roll_back(results_store) == ("c", "a")


def test_a_rollback_of_an_older_release_that_was_promoted_again_returns_to_the_newer_one(results_store, promote):
    promote("a")
    promote("b")
    promote("a")
    assert _roll_back(results_store) == ("a", "b")


def test_a_release_serves_its_own_base_model_only(results_store, promote):
    promote("a", base="base-4bit")
    with results_store.read() as conn:
        assert releases.serving(conn, "base-4bit").name == "a"
        assert releases.serving(conn, "another-4bit") is None
