"""Every difference is told, and what lies between them is the same, however long the file is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.source import linediff
from workers.source.linediff import differences

LINES = st.lists(st.sampled_from("abc}"), max_size=12)


@given(old=LINES, new=LINES, long=st.booleans())
def test_what_is_not_told_to_differ_is_the_same(old: list[str], new: list[str], long: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linediff, "_MANY", 0 if long else 100)
        found = list(differences(old, new))
    made: list[str] = []
    at = place = 0
    for first, last, now, end in found:
        assert old[at:first] == new[place:now]
        assert old[first:last] != new[now:end]
        made += [*old[at:first], *new[now:end]]
        at, place = last, end
    assert [*made, *old[at:]] == new


def test_a_change_of_a_long_file_is_found_where_it_is() -> None:
    old = ["{", "}"] * 20_000
    new = [*old[:30_000], "x", *old[30_001:]]
    assert list(differences(old, new)) == [(30_000, 30_001, 30_000, 30_001)]
