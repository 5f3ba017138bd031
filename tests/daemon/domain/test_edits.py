"""Edits change their own bytes and nothing else, and their diff is one that git applies."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.edits import apply_edits, by_path, unified_diff
from daemon.domain.fix import Edit
from daemon.errors import EditConflict


def edit(start: int, end: int, text: str, path: str = "a") -> Edit:
    return Edit(path=path, start=start, end=end, text=text)


def test_edits_are_applied_by_position_whatever_their_order() -> None:
    assert apply_edits(b"one two three", [edit(8, 13, "3"), edit(0, 3, "1"), edit(4, 4, "+")]) == b"1 +two 3"


def test_the_same_edit_twice_counts_once() -> None:
    assert apply_edits(b"ab", [edit(1, 1, "-"), edit(1, 1, "-")]) == b"a-b"


@pytest.mark.parametrize("edits", [[edit(0, 2, ""), edit(1, 3, "")], [edit(0, 9, "")], [edit(2, 1, "")]])
def test_edits_that_overlap_or_lie_outside_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(EditConflict, match="overlaps another or lies outside"):
        apply_edits(b"abc", edits)


def test_edits_of_two_files_are_not_applied_to_one() -> None:
    with pytest.raises(EditConflict, match="several files"):
        apply_edits(b"abc", [edit(0, 1, "x"), edit(1, 2, "y", path="b")])


def test_edits_are_grouped_by_file() -> None:
    first, second = edit(5, 6, "x"), edit(0, 1, "y", path="b")
    assert by_path([second, first]) == {"a": [first], "b": [second]}


LINES = st.lists(
    st.sampled_from([b"one\n", b"two\r\n", b"\xff\xfe\n", b"\tx = 1\n", b"\n", b"tail", "ü\n".encode()]), max_size=12
)


@given(before=LINES, after=LINES)
def test_git_applies_every_diff_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, before: list[bytes], after: list[bytes]
) -> None:
    folder: Path = tmp_path_factory.mktemp("git")
    old, new = b"".join(before), b"".join(after)
    if not old or not new:
        return
    (folder / "src").mkdir()
    (folder / "src" / "a.txt").write_bytes(old)
    patch = unified_diff({"src/a.txt": old}, {"src/a.txt": new})
    assert bool(patch) == (old != new)
    if patch:
        given_ = patch.encode("utf-8", "surrogateescape")
        subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], input=given_, cwd=folder, check=True)
    assert (folder / "src" / "a.txt").read_bytes() == new


def test_a_block_that_comes_twice_is_not_moved():
    """Where the same lines follow further down, the patch still shows no more than what was edited."""
    block = "def {0}(self):\n    if self.a:\n        return 1\n    return old({1})\n\n\n"
    text = "import a\n\n\n" + "".join(block.format("f", "x") + block.format("g", "y") for _ in range(40))
    edited = text.replace("import a\n", "import a\nimport b\n").replace("old(x)", "new(\n        x,\n    )", 1)
    patch = unified_diff({"m.py": text.encode()}, {"m.py": edited.encode()})
    changed = [line for line in patch.splitlines()[3:] if line[0] in "+-"]
    assert changed == ["+import b", "-    return old(x)", "+    return new(", "+        x,", "+    )"]


@pytest.mark.parametrize(
    "name",
    ["two\nlines.py", "q\"uote'.py", "tab\there", "back\\slash", "esc\x1b[31m\x7f", "with blank ", " a ü", "-rf"],
)
def test_git_finds_names_of_all_kinds_again(tmp_path, name):
    """A name that holds a line's end or a quote spoils the patch of no other file."""
    before, after = {name: b"a\n", "z": b"a\n"}, {name: b"b\n", "z": b"b\n"}
    for path, content in before.items():
        (tmp_path / path).write_bytes(content)
    subprocess.run(["git", "apply", "-"], input=unified_diff(before, after).encode(), cwd=tmp_path, check=True)
    assert {path: (tmp_path / path).read_bytes() for path in before} == after
