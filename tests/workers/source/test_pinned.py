"""What a repository's own pins say of an action's commits."""

import pytest

from workers.source import pinned
from workers.source.tree import MemoryTree

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("written", "version"),
    [
        (f"- uses: octo/a@{COMMIT} # v1.2.3", "v1.2.3"),
        (f'- uses: "Octo/A/sub@{COMMIT}" # tag=v2', "v2"),
        (f"- uses: octo/a@{COMMIT} #v3, the last", "v3"),
        (f"- uses: octo/a@{COMMIT} # ratchet:octo/a@v4", "v4"),
        (f"- uses: octo/a@{COMMIT}\n  # v5", ""),
    ],
)
def test_the_comment_beside_a_pin_names_its_version(written, version):
    (pin,) = pinned.pins(written.encode())
    assert (pin.repository, pin.commit, pin.version) == ("octo/a", COMMIT, version)


def test_only_workflows_and_actions_are_read():
    content = f"uses: octo/a@{COMMIT} # v1\n".encode()
    files = [".github/workflows/a.yml", "a/action.yml", "docs/a.yml", ".github/workflows/a.md"]
    found = {pin.path for pin in pinned.of_tree(MemoryTree(dict.fromkeys(files, content)))}
    assert found == {".github/workflows/a.yml", "a/action.yml"}


@pytest.mark.parametrize(
    ("version", "ref", "means"),
    [
        ("v1.2.3", "v1", True),
        ("1.2.3", "v1.2", True),
        ("v1", "v1", True),
        ("main", "main", True),
        ("v12.0.0", "v1", False),
        ("v1", "v1.2.3", False),
        ("v2.0.0", "main", False),
        ("main", "v1", False),
        ("", "main", False),
    ],
)
def test_a_release_stands_for_its_own_line_alone(version, ref, means):
    assert pinned.stands_for(version, ref) == means
