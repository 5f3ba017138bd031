"""`secaid models`: which one serves, by a person's word."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.domain.release import Release, ReleaseState
from daemon.errors import ModelUnavailable
from daemon.store import releases

pytestmark = pytest.mark.usefixtures("tuned")
BASE = "OLMo-2-0425-1B-Instruct-4bit"


@pytest.fixture
def tuned(database, tmp_path: Path) -> None:
    """Two releases that measured no better; the folder of the second is gone."""
    (tmp_path / "first").mkdir()
    with database.begin() as conn:
        for name in ("first", "second"):
            releases.save(
                conn,
                Release(
                    name=name,
                    path=str(tmp_path / name),
                    base_model=BASE,
                    state=ReleaseState.KEPT_BASE,
                    reason="kept the base: 0 of 6 against 0 of 6 verified",
                    created_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
                ),
            )


def test_a_promoted_release_serves_until_it_is_rolled_back(run: Callable):
    assert run("models", "promote", "first").stdout == f"first serves from now on, with its base model {BASE}\n"
    assert json.loads(run("status", "--json").stdout)["model"] == "first"
    assert run("models", "rollback").stdout == "the base model serves from now on, in place of first\n"
    assert json.loads(run("status", "--json").stdout)["model"] == BASE


def test_a_release_does_not_serve_another_base_model(run: Callable, monkeypatch):
    run("models", "promote", "first")
    monkeypatch.setenv("SECAID_MODEL_BASE", "embedded")
    assert json.loads(run("status", "--json").stdout)["model"] == "embedded"


def test_a_release_whose_folder_is_gone_is_not_promoted(run: Callable):
    refused = run("models", "promote", "second").exception
    assert isinstance(refused, ModelUnavailable)
    assert "is no longer in" in str(refused)
    assert {one["state"] for one in json.loads(run("models", "list", "--json").stdout)["releases"]} == {"kept-base"}


def test_what_cannot_be_rolled_back_or_is_unknown_says_so(run: Callable):
    assert "nothing to roll back" in run("models", "rollback").stderr
    assert "no model is called 'third'" in run("models", "promote", "third").stderr
