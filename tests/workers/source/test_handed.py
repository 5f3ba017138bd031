"""What callers hand to the inputs of a repository's own actions."""

import pytest

from workers.source import handed
from workers.source.tree import MemoryTree

ACTION = b"inputs:\n  image: {default: debian}\n  run-it: {required: true}\nruns: {using: composite, steps: []}\n"
CALLER = """on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: ./.github/actions/build
        with:
          run-it: WORDS
"""


@pytest.mark.parametrize(
    ("words", "shell", "several"),
    [("make", False, False), ("make all", False, True), ("bash -c 'make all'", True, True),
     ("make ${{ matrix.a }}", False, True), ("make && make install", True, True)],
)  # fmt: skip
def test_what_callers_give_says_how_a_script_reads_it(words, shell, several):
    """Quotes and signs are the shell's where the text is pasted, and text in a variable."""
    files = {
        ".github/actions/build/action.yml": ACTION,
        ".github/workflows/ci.yml": CALLER.replace("WORDS", words).encode(),
    }
    given = handed.values(".github/actions/build/action.yml", "run-it", MemoryTree(files))
    assert given == [words]
    assert (handed.is_shell("run-it", given), handed.is_several(given)) == (shell, several)


def test_a_default_is_given_too_and_a_command_is_one_by_its_name():
    """Nobody else's action of the same name counts."""
    files = {".github/actions/build/action.yml": ACTION, ".github/workflows/ci.yml": CALLER.encode()}
    assert handed.values(".github/actions/build/action.yml", "image", MemoryTree(files)) == ["debian"]
    assert handed.is_shell("pre-build-command", [])
    assert not handed.is_shell("image", ["debian"])
