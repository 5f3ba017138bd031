"""A use of `owner/name/path` is the tree's own only where the tree shows that it is that repository."""

import pytest

from workers.source import whose
from workers.source.tree import MemoryTree

ACTION = b"name: a\nruns:\n  using: composite\n  steps: []\n"
USES = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
SETUP, BUILD = "octo/tools/.github/actions/setup@main", "octo/tools/build@main"
BOTH = {".github/actions/setup/action.yml": ACTION, "build/action.yaml": ACTION}

MODULE = b"module github.com/octo/app\n\nrequire github.com/octo/tools v1.0.0\n"
PACKAGE = b'{"repository": {"type": "git", "url": "git@github.com:octo/app.git"}}'


def _tree(uses, files=None, guard=""):
    steps = "".join(f"      - uses: {one}\n" for one in uses)
    workflow = USES.replace("    runs-on", f"{guard}    runs-on") + steps
    return MemoryTree({".github/workflows/ci.yml": workflow.encode(), **(BOTH if files is None else files)})


@pytest.mark.parametrize(
    "tree",
    [
        _tree([SETUP, BUILD]),
        _tree([SETUP], guard="    if: github.repository == 'Octo/tools'\n"),
        _tree([SETUP], {**BOTH, "package.json": b'{"repository": "https://github.com/octo/tools.git"}'}),
        _tree([SETUP], {**BOTH, "go.mod": b"module github.com/octo/tools/v2\n"}),
    ],
    ids=["all that is used of it is here", "a guard names it", "its manifest names it", "its module path"],
)
def test_it_is_the_trees_own(tree):
    assert whose.own_path(SETUP, tree) == ".github/actions/setup"


@pytest.mark.parametrize(
    "tree",
    [
        _tree([SETUP]),
        _tree([SETUP, BUILD, "octo/tools/deploy@main"]),
        _tree([SETUP, SETUP.replace("main", "v1")]),
        _tree([SETUP], guard="    if: github.repository == 'octo/tools-fork'\n"),
        _tree([SETUP], guard="    if: github.repository != 'octo/tools'\n"),
        _tree([SETUP], {**BOTH, "go.mod": b"module github.com/octo/tools-of-others\n"}),
        _tree([SETUP, BUILD], {}),
        _tree([SETUP, BUILD], {**BOTH, "go.mod": MODULE}),
        _tree([SETUP, BUILD], guard="    if: github.repository == 'octo/app'\n"),
        _tree([SETUP, BUILD], {**BOTH, "package.json": PACKAGE}),
    ],
    ids=["one name may be chance", "one is not here", "one path twice", "another's guard", "not it", "another's module",
         "not in the tree", "a module that needs it", "a guard names another", "its manifest says another"],
)  # fmt: skip
def test_it_may_be_anothers(tree):
    assert whose.own_path(SETUP, tree) is None


@pytest.mark.parametrize("uses", ["octo/tools@main", "./build", "octo/tools/../build@main", "octo/tools/build", ""])
def test_what_names_no_path_of_a_repository_is_none(uses):
    assert whose.own_path(uses, _tree([SETUP, BUILD])) is None


def test_a_workflow_of_the_repository_is_its_own_too():
    called = ".github/workflows/called.yml"
    tree = _tree([SETUP, BUILD], {**BOTH, called: b"on: workflow_call\n"})
    assert whose.own_path(f"octo/tools/{called}@main", tree) == called
    assert whose.own_path("octo/tools/.github/workflows/ci.yml@main", tree) is None
    assert whose.own_path("octo/tools/.github/workflows/cd.yml@main", tree) is None


def test_workflows_that_call_their_namesakes_are_anothers():
    """They are started by events, and nobody can call them."""
    paths = [f".github/workflows/{name}.yml" for name in ("ack", "push")]
    tree = MemoryTree({path: f"on: push\njobs:\n  a:\n    uses: octo/dev/{path}@main\n".encode() for path in paths})
    assert whose.own_path("octo/dev/.github/workflows/ack.yml@main", tree) is None
