"""What a finding says of its rule and its lines."""

import pytest

from daemon.domain.finding import Region, rule_name


@pytest.mark.parametrize("rule", ["artipacked", "zizmor/artipacked", "a.b.artipacked", "rules/a.b/artipacked"])
def test_a_rule_has_one_name_whatever_stands_in_front_of_it(rule: str) -> None:
    assert rule_name(rule) == "artipacked"


@pytest.mark.parametrize(("end", "lines"), [(None, [3]), (3, [3]), (5, [3, 4, 5]), (1, [3])])
def test_a_region_has_its_first_line_at_least(end: int | None, lines: list[int]) -> None:
    region = Region(start_line=3, end_line=end)
    assert list(region.lines) == lines
    assert region.last_line == lines[-1]


@pytest.mark.parametrize(
    ("first", "last", "overlaps"),
    [(1, 2, False), (1, 3, True), (4, 4, True), (5, 9, True), (1, 9, True), (6, 9, False)],
)
def test_a_region_overlaps_lines_that_share_one_with_it(first: int, last: int, overlaps: bool) -> None:
    assert Region(start_line=3, end_line=5).overlaps(first, last) is overlaps
