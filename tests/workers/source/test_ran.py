"""What a workflow's script runs of its repository, and what it does in a clone of its own."""

import pytest

from workers.source.clones import at_home
from workers.source.ran import ran
from workers.source.tree import MemoryTree

TREE = MemoryTree(
    {
        "Makefile": b"""X := 1
.PHONY: all
include mk/x.mk
all: a
a: b ## help
\t@echo hi
\t-$(MAKE) -C sub go
b:
\t./.ci/p.sh $$X
""",
        "mk/x.mk": b"rel:\n\tgit push\n",
        "sub/Makefile": b"go:\n\tgit fetch\n\tcd .. && .ci/q.sh\n",
        ".ci/p.sh": b"#!/bin/bash\ngit pull\n",
        ".ci/q.sh": b"npm run x",
        "web/package.json": b'{"scripts": {"pack:web": "vite build"}}',
        "package.json": b'{"scripts": {"x": "yarn y", "y": "git status", "prey": "z"}}',
    }
)


@pytest.mark.parametrize(
    ("script", "folder", "names"),
    [
        ("make", "", ["make all", "make a", "make b", ".ci/p.sh", "make go", ".ci/q.sh"]),
        ("make -j 4 X=2 rel", "", ["make rel"]),
        ("make go", "sub", ["make go", ".ci/q.sh"]),
        ("cd sub\nmake go", "", ["make go", ".ci/q.sh"]),
        ("bash .ci/p.sh", "", [".ci/p.sh"]),
        ('"$GITHUB_WORKSPACE/.ci/p.sh"', "sub", [".ci/p.sh"]),
        (".ci/q.sh", "", [".ci/q.sh", "npm run x", "npm run prey", "npm run y"]),
        ('(cd "$ROOT/web" && pnpm pack:web)', "", ["npm run pack:web"]),
        ("# ./x.sh\nls a/b.sh", "", []),
    ],
)
def test_what_a_script_runs_is_found_and_what_that_runs(script, folder, names):
    """From where it starts, and where it goes from there."""
    assert {one.name for one in ran(script, folder, TREE)} == set(names)


def test_what_is_not_there_has_no_text():
    """A file that a build makes, say."""
    assert [one.text for one in ran("./made.sh", "", TREE)] == [None]


@pytest.mark.parametrize(
    ("script", "pushes"),
    [
        ("git clone git@x:y.git z\ncd z\ngit push", False),
        ("git clone x z\n(cd z && git push)\ngit push", True),
        ("git clone x z\ncd z\nls\ncd ..\ngit push", True),
        ("git clone x z; git push", True),
        ("cd z; git push", True),
    ],
)
def test_a_clone_of_its_own_is_left_out(script, pushes):
    """Until the script comes back from it."""
    assert ("git push" in at_home(script)) == pushes
