"""How many files one start of a scanner is given."""

from hypothesis import given
from hypothesis import strategies as st

from workers.verify.batch import MAX_FILES, Unit, _chunks

SIZES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=700)


@given(sizes=SIZES, most=st.integers(100, 2000))
def test_every_unit_is_in_one_start_of_bounded_size(sizes: list[tuple[int, int]], most: int) -> None:
    units = [Unit(f"{at}.tf", b"x" * own, (("b.tf", b"y" * beside),)) for at, (own, beside) in enumerate(sizes)]
    chunks = list(_chunks(units, most))
    assert sorted(unit.path for chunk in chunks for unit in chunk) == sorted(unit.path for unit in units)
    for chunk in chunks:
        assert 1 <= len(chunk) <= MAX_FILES
        assert len(chunk) == 1 or sum(unit.size for unit in chunk) <= most
