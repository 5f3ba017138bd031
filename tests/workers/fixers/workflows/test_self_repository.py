"""When `./path` and `$/path` are the same action, and when they are not."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

PATH = ".github/workflows/ci.yml"
HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n"
NODE = b"runs:\n  using: node24\n  main: dist/index.js\n"
COMPOSITE = b"runs:\n  using: composite\n  steps: []\n"


def _proposed(workflow, files):
    line = workflow[: workflow.index("uses: ./")].count("\n") + 1
    finding = Finding(
        tool="zizmor",
        rule="self-repository",
        message="",
        severity=Severity.LOW,
        locations=(Location(path=PATH, region=Region(start_line=line)),),
    )
    return propose(Target(finding=finding, tree=MemoryTree({PATH: workflow.encode(), **files})))


@pytest.mark.parametrize(
    ("steps", "files"),
    [
        ("      - run: npm run build\n      - uses: ./act\n", {"act/action.yml": COMPOSITE}),
        ("      - uses: ./act\n", {"act/action.yml": NODE, "act/dist/index.js": b""}),
        ("      - uses: ./act\n      - run: npm run build\n", {"act/action.yml": NODE, "act/dist/index.js": b""}),
        ("      - uses: ./act\n", {"act/action.yml": NODE.replace(b"dist", b"../dist"), "dist/index.js": b""}),
        ("      - uses: ./act\n", {"act/Dockerfile": b"FROM scratch\n"}),
    ],
    ids=["composite", "committed code", "built afterwards", "shared code", "image"],
)
def test_what_the_commit_holds_is_taken_from_it(steps, files):
    """The workspace has the same, as nothing made it anew."""
    assert [one.approach for one in _proposed(HEAD + steps, files).candidates] == ["self-repository"]


@pytest.mark.parametrize(
    ("steps", "files", "why"),
    [
        ("      - uses: ./\n", {"action.yml": COMPOSITE}, "needs a path"),
        ("      - uses: ./act\n", {"act/action.yml": NODE}, "not in the tree"),
        ("      - run: npm ci && npm run build\n      - uses: ./act\n",
         {"act/action.yml": NODE, "act/dist/index.js": b""}, "an earlier step builds"),
        ("      - uses: ./act\n", {}, "not in the tree"),
    ],
    ids=["root", "not committed", "built before", "nowhere"],
)  # fmt: skip
def test_what_only_the_workspace_holds_is_left_there(steps, files, why):
    """GitHub rejects a bare `$/`, and a commit has no build in it."""
    proposal = _proposed(HEAD + steps, files)
    assert proposal.candidates == ()
    assert why in proposal.reason


def test_one_that_cannot_change_does_not_hold_up_the_others():
    """The action at the root stays as it is."""
    steps = "      - uses: ./act\n      - uses: ./\n      - uses: ./other\n"
    files = {"act/action.yml": COMPOSITE, "other/action.yml": COMPOSITE, "action.yml": COMPOSITE}
    whole = _proposed(HEAD + steps, files).candidates[-1]
    assert whole.approach == "self-repository-file"
    assert len(whole.edits) == 2
    assert whole.explanation.startswith("2 local uses")


def test_a_workflow_that_others_call_says_whose_action_it_was():
    """The workspace of a caller is the caller's."""
    called = (HEAD + "      - uses: ./act\n").replace("on: push", "on: workflow_call")
    warnings = _proposed(called, {"act/action.yml": COMPOSITE}).candidates[0].warnings
    assert any("another repository calls" in warning for warning in warnings)
