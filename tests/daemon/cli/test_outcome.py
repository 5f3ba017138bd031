"""What the demo tells at its end: from the database, and nothing that is not there."""

from __future__ import annotations

import datetime as dt

import pytest

from daemon import settings
from daemon.cli.context import Here
from daemon.cli.outcome import print_outcome
from daemon.domain.example import Example, Stage
from daemon.domain.job import JobKind, NewJob
from daemon.domain.release import Evaluation, Release, ReleaseState, StageResult
from daemon.store import examples, queue, releases


@pytest.fixture
def told(home, database, capsys):
    """What is printed about the database as it is now."""

    def tell() -> str:
        print_outcome(database, Here(*settings.load(profile="demo")))
        return capsys.readouterr().out

    return tell


def test_an_empty_run_claims_nothing(told):
    said = told()
    assert "0 raw rows in 0 reports of 0 artifacts" in said
    assert "0 of 0 findings have a verified fix" in said
    assert "One of them" not in said
    assert "no model was trained: 0 examples are new, and training starts at 20" in said


def test_a_training_that_failed_is_not_called_one_that_was_not_due(told, database):
    with database.begin() as conn:
        example = Example(
            id="a", stage=Stage.ANALYSIS, prompt="p", completion="c", cluster="r", finding_id="f", score=1
        )
        examples.add(conn, [example])
        queue.enqueue(conn, NewJob(kind=JobKind.TRAINING))
    (job,) = queue.claim(database, [JobKind.TRAINING], "test")
    with database.begin() as conn:
        queue.fail(conn, job, queue.Cause.PERMANENT, "stage analysis diverged", run_at=0.0, permanent=True)
    assert "no model was trained: training failed: stage analysis diverged" in told()


def test_a_release_tells_its_losses_its_measurements_and_the_decision(told, database):
    stage = StageResult(
        stage="analysis", iterations=5, learning_rate=1e-5, examples=9, loss_before=3.0, loss_after=2.5, seconds=4.0
    )
    base = Evaluation(model="base", attempted=3, applies=1, verified=0, general_loss=3.0)
    tuned = Evaluation(model="base+tuned", attempted=3, applies=2, verified=1, general_loss=3.01)
    release = Release(
        name="tuned",
        path="/models/tuned",
        base_model="base",
        state=ReleaseState.PROMOTED,
        reason="promoted: 1 of 3 against 0 of 3 verified",
        stages=(stage,),
        base_evaluation=base,
        evaluation=tuned,
        created_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    )
    with database.begin() as conn:
        releases.save(conn, release)
    said = told()
    assert "validation loss 3.000 → 2.500" in said
    assert "base+tuned: 1 of 3 held-out findings fixed and verified (2 edits applied)" in said
    assert "promoted: 1 of 3 against 0 of 3 verified" in said
