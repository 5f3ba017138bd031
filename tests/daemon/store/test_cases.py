"""Proven cases: which were known when an artifact came in."""

from __future__ import annotations

import datetime as dt

from daemon.domain.artifact import Artifact, ArtifactOrigin
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Edit, Fix, Level, Verdict
from daemon.domain.scan import KeptFinding, Scan
from daemon.domain.severity import Severity
from daemon.store import artifacts, cases, fixes, lifecycle
from daemon.store.artifacts import NewArtifact
from daemon.store.engine import Store


def upload(store: Store, name: str) -> Artifact:
    new = NewArtifact(name=name, origin=ArtifactOrigin.MANUAL, sha256=name, size=1, stored_at="x", repository="o/r")
    with store.begin() as conn:
        return artifacts.get(conn, artifacts.add(conn, new)[0])


def prove(store: Store, artifact: Artifact, finding_id: str) -> None:
    """A finding of the artifact with a verified fix, as a case."""
    found = Finding(tool="bandit", rule="B1", message="m", severity=Severity.HIGH)
    edit = Edit(path="a.py", start=0, end=1, text="x")
    fix = Fix(
        candidate=Candidate(approach="one", edits=(edit,), explanation="e"),
        verdict=Verdict(level=Level.PRESERVED, verified=True),
        patch="",
    )
    with store.begin() as conn:
        lifecycle.save_scan(conn, artifact, Scan(files=(), findings=(KeptFinding(id=finding_id, finding=found),)))
        (one,) = fixes.save(conn, finding_id, [fix])
        cases.add(conn, {one: f"text of {finding_id}"})


def test_a_batch_knows_what_was_proven_before_it_and_nothing_of_itself(results_store: Store) -> None:
    first, beside = upload(results_store, "first"), upload(results_store, "beside")
    prove(results_store, first, "f1")
    later = upload(results_store, "later")
    prove(results_store, later, "f2")
    with results_store.read() as conn:
        known = {one.name: cases.proven_before(conn, one.created_at) for one in (first, beside, later)}
        proven = cases.fixes_of(conn, known["later"])
        everything = cases.proven_before(conn, dt.datetime.max.replace(tzinfo=dt.UTC))
    assert (known["first"], known["beside"]) == ([], [])
    assert [finding for finding, _ in proven.values()] == ["f1"]
    assert len(everything) == 2


def test_a_fix_that_is_found_again_stays_as_old_as_it_was(results_store: Store) -> None:
    prove(results_store, upload(results_store, "first"), "f1")
    later = upload(results_store, "later")
    prove(results_store, later, "f1")
    with results_store.read() as conn:
        assert len(cases.proven_before(conn, later.created_at)) == 1
