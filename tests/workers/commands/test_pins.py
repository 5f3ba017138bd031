"""`secaid pins`: what an organisation's own actions are is read once, and then pinned and verified as any other's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding
from workers.fixers.propose import Proposal, propose
from workers.fixers.registry import Target
from workers.source import actions_lock
from workers.source.tree import MemoryTree
from workers.verify import pins
from workers.verify.structure import modules

WHO = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false")
WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: acme/build@v2\n"
PATH = ".github/workflows/ci.yml"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *WHO, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commit of release 2.1.0 of `acme/build`, at a host that stands in for GitHub."""
    action = tmp_path / "host" / "acme" / "build"
    action.mkdir(parents=True)
    git(action, "init", "-q")
    for tag in ("v1.0.0", "v2.0.0", "v2.1.0"):
        git(action, "commit", "-q", "--allow-empty", "-m", tag)
        git(action, "tag", tag)
    monkeypatch.setattr("workers.commands.pins.clone_base", lambda _api: f"file://{tmp_path / 'host'}")
    return git(action, "rev-parse", "v2.1.0")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / PATH).write_text(WORKFLOW)
    return folder


@pytest.fixture
def proposed(make_finding: Callable[..., Finding]) -> Callable[[], Proposal]:
    finding = make_finding("unpinned-uses", PATH, 6, tool="zizmor")
    return lambda: propose(Target(finding=finding, tree=MemoryTree({PATH: WORKFLOW.encode()})))


def test_an_action_that_nobody_knew_is_pinned_once_it_was_asked_for(
    run: Callable, commit: str, project: Path, proposed: Callable[[], Proposal]
) -> None:
    assert "`secaid pins` asks for it" in (proposed().reason or "")
    shown = run("pins", str(project))
    assert shown.exit_code == 0, shown.output
    assert f"✓ acme/build  v2.1.0 is {commit[:12]}" in shown.stdout
    [candidate, *_] = proposed().candidates
    after = apply_edits(WORKFLOW.encode(), candidate.edits)
    assert f"acme/build@{commit} # v2.1.0".encode() in after
    assert pins.unknown(WORKFLOW.encode(), after, MemoryTree({PATH: WORKFLOW.encode()})) == []
    assert run("pins", str(project), "--json").exit_code == 0


def test_what_could_not_be_asked_is_said_and_what_was_known_stays(
    run: Callable, commit: str, project: Path, home: Path
) -> None:
    assert run("pins", str(project)).exit_code == 0
    (project / PATH).write_text(WORKFLOW.replace("acme/build", "acme/gone"))
    ended = run("pins", str(project), "--json")
    assert ended.exit_code == 3
    document = json.loads(ended.stdout)
    assert "acme/gone" in document["failed"]
    assert document["lock"] == str(home / "actions.lock.json")
    known = actions_lock.known("acme/build")
    assert known is not None
    assert known.releases["v2.1.0"] == commit


def test_a_damaged_lock_is_named_and_not_written_over(run: Callable, commit: str, project: Path, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "actions.lock.json").write_text("{")
    ended = run("pins", str(project))
    assert ended.exit_code != 0
    assert "actions.lock.json cannot be read" in str(ended.exception or ended.output)
    assert (home / "actions.lock.json").read_text() == "{"


def test_what_was_read_adds_to_what_secaid_knows_of_the_action(run: Callable, commit: str, home: Path) -> None:
    before = actions_lock.known("actions/checkout")
    assert before is not None
    newer = actions_lock.Action("x", "tag", {"v99.0.0": commit})
    lock = actions_lock.Lock("", "2030-01-01", {"Actions/Checkout": newer})
    home.mkdir(parents=True)
    (home / "actions.lock.json").write_bytes(msgspec.json.encode(lock))
    after = actions_lock.known("actions/checkout")
    assert after is not None
    assert after.releases == before.releases | {"v99.0.0": commit}
    assert after.inputs == before.inputs


MODULE = 'module "build" {{\n  source = "git::https://github.com/acme/build.git?ref={ref}"\n}}\n'


@pytest.mark.parametrize(
    ("ref", "warned"), [("v2.0.0", False), ("next", True)], ids=["a release", "a branch, which may move"]
)
def test_a_terraform_module_is_taken_at_the_commit_that_was_read(
    run: Callable,
    commit: str,
    project: Path,
    make_finding: Callable[..., Finding],
    tmp_path: Path,
    ref: str,
    warned: bool,
) -> None:
    repository = tmp_path / "host" / "acme" / "build"
    git(repository, "branch", "next", "v1.0.0")
    (project / PATH).unlink()
    before = MODULE.format(ref=ref)
    (project / "main.tf").write_text(before)
    target = Target(
        finding=make_finding("CKV_TF_1", "main.tf", 1, tool="checkov"), tree=MemoryTree({"main.tf": before.encode()})
    )
    assert "`secaid pins` asks for it" in (propose(target).reason or "")
    assert run("pins", str(project)).exit_code == 0
    [candidate] = propose(target).candidates
    after = apply_edits(before.encode(), candidate.edits)
    assert f'?ref={git(repository, "rev-parse", ref)}" # {ref}\n'.encode() in after
    assert list(modules.unknown("main.tf", before.encode(), after)) == []
    assert any("may move" in one for one in candidate.warnings) is warned
