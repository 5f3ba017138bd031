"""Commits that the repository knows itself, and what it uses of itself by its own name."""

import pytest

from daemon.domain.edits import apply_edits, by_path
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source import actions_lock
from workers.source.actions_lock import Action
from workers.source.tree import MemoryTree

PATH = ".github/workflows/ci.yml"
HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
COMMIT, OTHER = "0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef"
COMPOSITE = b"name: a\nruns:\n  using: composite\n  steps: []\n"
NODE = b"name: a\nruns:\n  using: node24\n  main: dist/index.js\n"


def _proposed(steps, files=None):
    text = HEAD + steps
    finding = Finding(
        tool="zizmor",
        rule="unpinned-uses",
        message="",
        severity=Severity.HIGH,
        locations=(Location(path=PATH, region=Region(start_line=text[: text.index("uses:")].count("\n") + 1)),),
    )
    tree = MemoryTree({PATH: text.encode(), **(files or {})})
    proposal = propose(Target(finding=finding, tree=tree))
    return [apply_edits(text.encode(), by_path(one.edits)[PATH]).decode() for one in proposal.candidates], proposal


def _elsewhere(*pins):
    return {".github/workflows/b.yml": (HEAD + "".join(f"      - uses: {pin}\n" for pin in pins)).encode()}


@pytest.mark.parametrize(
    ("used", "pins", "commit"),
    [
        ("octo/a@v1", [f"octo/a@{COMMIT} # v1.4.0"], f"{COMMIT} # v1.4.0"),
        ("octo/a/sub@v1.4", [f"octo/a@{COMMIT} # v1.4.0"], f"{COMMIT} # v1.4.0"),
        ("octo/a@main", [f"octo/a@{COMMIT} # main"], f"{COMMIT} # main"),
        ("octo/a@v1", [f"octo/a@{OTHER} # v1.3.0", f"octo/a@{COMMIT} # v1.10.0"], f"{COMMIT} # v1.10.0"),
    ],
    ids=["of the line", "a part of it", "the branch", "the newest"],
)
def test_a_pin_of_the_same_release_elsewhere_in_the_repository_is_used(used, pins, commit):
    patched, proposal = _proposed(f"      - uses: {used}\n", _elsewhere(*pins))
    assert patched == [f"{HEAD}      - uses: {used.partition('@')[0]}@{commit}\n"]
    assert ".github/workflows/b.yml" in proposal.candidates[0].explanation


@pytest.mark.parametrize(
    ("used", "pins", "why"),
    [
        ("octo/a@main", [f"octo/a@{COMMIT} # v1.4.0"], "no commit is known"),
        ("octo/a@v1", [f"octo/a@{COMMIT} # v2.0.0"], "no commit is known"),
        ("octo/a@v1", [f"octo/a@{COMMIT}"], "no commit is known"),
        ("octo/a@v1", [f"octo/b@{COMMIT} # v1.4.0"], "no commit is known"),
        ("octo/a@v1", [f"octo/a@{COMMIT} # v1", f"octo/a@{OTHER} # v1"], "more than one commit"),
    ],
    ids=["a release is no branch", "another line", "no version", "another action", "two of one name"],
)
def test_a_pin_of_anything_else_is_not(used, pins, why):
    patched, proposal = _proposed(f"      - uses: {used}\n", _elsewhere(*pins))
    assert patched == []
    assert why in proposal.reason


def test_what_is_the_repositorys_own_is_taken_from_its_commit():
    steps = "      - uses: octo/tools/setup@main\n      - uses: octo/tools/lint@main # ours\n"
    one, both = _proposed(steps, {"setup/action.yml": COMPOSITE, "lint/action.yml": COMPOSITE})[0]
    assert one == HEAD + steps.replace("octo/tools/setup@main", "$/setup")
    assert both == HEAD + "      - uses: $/setup\n      - uses: $/lint # ours\n"


@pytest.mark.parametrize(
    ("ref", "setup", "why"),
    [("v2", COMPOSITE, "is a release of this repository"), ("main", NODE, "is not in the tree: a build makes it")],
    ids=["a release", "built for the branch"],
)
def test_what_the_commit_does_not_hold_alike_stays(ref, setup, why):
    steps = f"      - uses: octo/tools/setup@{ref}\n      - uses: octo/tools/lint@main\n"
    patched, proposal = _proposed(steps, {"setup/action.yml": setup, "lint/action.yml": COMPOSITE})
    assert patched == []
    assert why in proposal.reason


def test_a_release_of_its_own_that_it_pins_elsewhere_is_pinned():
    steps = "      - uses: octo/tools/setup@v2\n      - uses: octo/tools/lint@main\n"
    files = {"setup/action.yml": COMPOSITE, "lint/action.yml": COMPOSITE}
    patched = _proposed(steps, {**files, **_elsewhere(f"octo/tools/setup@{COMMIT} # v2.0.1")})[0]
    assert patched[0] == HEAD + steps.replace("setup@v2", f"setup@{COMMIT} # v2.0.1")


def test_a_newer_release_of_the_line_than_the_lock_knows_is_taken_from_the_repository():
    """The tag stands for it by now, so the lock's would be a step back."""
    newer, older = _elsewhere(f"actions/stale@{COMMIT} # v9.99.0"), _elsewhere(f"actions/stale@{COMMIT} # v9.0.0")
    assert f"actions/stale@{COMMIT} # v9.99.0" in _proposed("      - uses: actions/stale@v9\n", newer)[0][0]
    assert COMMIT not in _proposed("      - uses: actions/stale@v9\n", older)[0][0]


@pytest.mark.parametrize(
    ("read", "aged"),
    [
        ("refs/tags at 42468f8ad8f6 (2019-10-08)", "2019-10-08"),
        ("pinned in workflows of a/b@1 2019-01-01, c/d@2 2019-02-01", "2019-02-01"),
        ("refs/tags at 42468f8ad8f6 (2999-10-08)", None),
        ("somewhere", None),
    ],
)
def test_an_action_that_was_read_of_long_ago_is_doubted(read, aged):
    """Its owner may have moved the tag on since."""
    assert actions_lock.aged(Action(read=read, seen="tag", releases={})) == aged


@pytest.mark.parametrize(
    ("used", "commit", "said"),
    [
        ("o/a@main", f"{COMMIT} # v1.4.0", "main of o/a stood at v1.4.0"),
        ("o/a@latest", f"{OTHER} # latest", "latest of o/a is a branch"),
        ("o/a@v1", f"{COMMIT} # v1.4.0", ""),
    ],
    ids=["the branch is a release", "it is none", "a version"],
)
def test_a_branch_is_named_by_the_release_that_it_stood_at(monkeypatch, used, commit, said):
    action = Action(
        read="refs/tags at 42468f8ad8f6 (2999-10-08)",
        seen="tag",
        releases={"v1.4.0": COMMIT, "v1.3.0": "a" * 40},
        branches={"main": COMMIT, "latest": OTHER},
    )
    monkeypatch.setattr(actions_lock, "known", lambda name: action if name == "o/a" else None)
    patched, proposal = _proposed(f"      - uses: {used}\n")
    assert patched == [f"{HEAD}      - uses: o/a@{commit}\n"]
    assert " ".join(proposal.candidates[0].warnings).startswith(said)
    assert bool(proposal.candidates[0].warnings) == bool(said)


def _approaches(steps, files):
    proposal = _proposed(steps, files)[1]
    return {one.approach: one.paths for one in proposal.candidates}


def test_the_only_action_of_a_file_can_be_pinned_wherever_the_repository_uses_it_so():
    """By the same ref, and by no other; a file with several known actions has a choice of its own."""
    pin = {".github/workflows/p.yml": (HEAD + f"      - uses: octo/a@{COMMIT} # v1.4.0\n").encode()}
    same = {".github/actions/x/action.yml": COMPOSITE.replace(b"[]", b"\n    - uses: Octo/a@v1")}
    other = {".github/workflows/o.yml": (HEAD + "      - uses: octo/a@v1.4\n      - uses: octo/ab@v1\n").encode()}
    used = "      - uses: octo/a@v1\n"
    found = _approaches(used, {**pin, **same, **other})
    assert found == {"pin-commit": (PATH,), "pin-commit-repository": (".github/actions/x/action.yml", PATH)}
    assert list(_approaches(used, {**pin, **other})) == ["pin-commit"]
    assert list(_approaches(used + "      - uses: octo/a/b@v1.4\n", {**pin, **same})) == [
        "pin-commit",
        "pin-commit-file",
    ]
