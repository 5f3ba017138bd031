"""Workflows of other repositories, by what `secaid pins` kept of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from workers.source import called, whose
from workers.source.actions_lock import Action, Lock
from workers.source.called import Call

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PATH = ".github/workflows/deploy.yml"
HERE = Call("acme/ci", PATH, COMMIT)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the user's lock says of `acme/ci`."""
    monkeypatch.setenv("SECAID_HOME", str(tmp_path))

    def keep(**files: str) -> None:
        action = Action("refs at host (2030-01-01)", "tag", {"v1": COMMIT}, {"main": COMMIT}, workflows={COMMIT: files})
        (tmp_path / "actions.lock.json").write_bytes(msgspec.json.encode(Lock("", "2030-01-01", {"acme/ci": action})))

    return keep


@pytest.mark.parametrize(
    ("written", "call"),
    [
        (f"uses: Acme/CI/{PATH}@v1", Call("acme/ci", PATH, "v1")),
        (f"uses: 'acme/ci/{PATH}@release/1' # why", Call("acme/ci", PATH, "release/1")),
        ("uses: ./.github/workflows/deploy.yml", HERE),
        ("- uses: ./.github/actions/deploy", None),
        ("- uses: acme/ci/deploy@v1", None),
        ("uses: acme/ci/.github/workflows/a/b.yml@v1", None),
        ("uses: acme/ci/.github/workflows/${{ x }}.yml@v1", None),
    ],
)
def test_a_call_is_known_by_its_file(written: str, call: Call | None) -> None:
    assert called.of_text(f"jobs:\n  a:\n    {written}\n", HERE) == ({call} if call else set())


def test_what_lies_beside_the_caller_is_no_call_of_another_repository() -> None:
    assert called.of_text("jobs:\n  a:\n    uses: ./.github/workflows/deploy.yml\n") == set()


@pytest.mark.parametrize("ref", ["v1", "main", COMMIT])
def test_what_was_read_at_a_commit_is_found_by_what_names_it(kept: Callable[..., None], ref: str) -> None:
    kept(**{PATH: "on: workflow_call\n"})
    found = called.find(f"acme/ci/{PATH}@{ref}")
    assert found is not None
    assert (found.commit, found.where) == (COMMIT, "refs at host (2030-01-01)")
    assert found.read(PATH) == b"on: workflow_call\n"
    # What it names by its repository is at a ref, which this commit need not be.
    assert whose.own_path(f"acme/ci/{PATH}@v0", found) is None


@pytest.mark.parametrize(
    "uses", [f"acme/ci/{PATH}@v2", "acme/ci/.github/workflows/x.yml@v1", f"acme/cd/{PATH}@v1", "x"]
)
def test_nothing_else_is_found(kept: Callable[..., None], uses: str) -> None:
    kept(**{PATH: "on: workflow_call\n"})
    assert called.find(uses) is None
