"""Several patches of one commit become one that git applies."""

import itertools
import subprocess

import pytest

from daemon.domain.edits import unified_diff
from daemon.domain.patches import Conflict, merged

LINES = [f"line {number}\n" for number in range(1, 30)]


def _patch(**changes: str) -> str:
    """`l3="x"` replaces line 3, `a3` adds a line after it, `d3` takes it away."""
    after = dict(enumerate(LINES, 1))
    for key, text in changes.items():
        number = int(key[1:])
        after[number] = {"l": f"{text}\n", "a": f"{after[number]}{text}\n", "d": ""}[key[0]]
    return unified_diff({"f": "".join(LINES).encode()}, {"f": "".join(after.values()).encode()})


@pytest.mark.parametrize(
    "parts",
    [
        ({"l5": "five"}, {"l6": "six"}, {"l7": "seven"}),
        ({"l5": "five"}, {"l20": "twenty"}, {"a28": "more"}),
        ({"a3": "more"}, {"l5": "five"}, {"d7": ""}),
        ({"l1": "one"}, {"a29": "last"}, {"l3": "three"}, {"d29": ""}),
    ],
)
def test_neighbours_are_applied_together_in_any_order(parts, tmp_path):
    """Each change is there once, whatever its neighbours did to its context."""
    patches = [_patch(**part) for part in parts]
    results = set()
    for order in itertools.permutations([*patches, patches[0]]):
        (tmp_path / "f").write_text("".join(LINES))
        subprocess.run(["git", "apply", "-"], input=merged(order).encode(), cwd=tmp_path, check=True)
        results.add((tmp_path / "f").read_text())
    assert len(results) == 1
    (text,) = results
    for part in parts:
        for key, said in part.items():
            assert f"{said}\n" in text or key.startswith("d")


def test_the_same_line_twice_is_a_conflict():
    """Nobody can say which of the two is wanted."""
    with pytest.raises(Conflict, match="change the same lines of b/f"):
        merged([_patch(l5="five"), _patch(l5="cinq")])


def test_two_files_stay_two():
    """What does not meet is only put together."""
    other = unified_diff({"g": b"a\n"}, {"g": b"b\n"})
    assert merged([_patch(l5="five"), other]) == _patch(l5="five") + other


def test_what_is_put_at_one_place_by_two_is_a_conflict():
    """Nobody can say what comes first."""
    with pytest.raises(Conflict):
        merged([_patch(a5="more"), _patch(a5="another")])
