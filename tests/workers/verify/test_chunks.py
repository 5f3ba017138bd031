"""How many files one start of a scanner is given, and how long it may take."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.parsers import read
from workers.verify.batch import MAX_FILES, Scanners, Unit, _chunks, _lay_out, _patience
from workers.verify.scanner import Tool

SIZES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=700)


@given(sizes=SIZES, most=st.integers(100, 2000))
def test_every_unit_is_in_one_start_of_bounded_size(sizes: list[tuple[int, int]], most: int) -> None:
    units = [Unit(f"{at}.tf", b"x" * own, (("b.tf", b"y" * beside),)) for at, (own, beside) in enumerate(sizes)]
    chunks = list(_chunks(units, most))
    assert sorted(unit.path for chunk in chunks for unit in chunk) == sorted(unit.path for unit in units)
    for chunk in chunks:
        assert 1 <= len(chunk) <= MAX_FILES
        assert len(chunk) == 1 or sum(len(content) for unit in chunk for _, content in unit.files) <= most


@given(files=st.dictionaries(st.sampled_from("abcdefgh"), st.binary(max_size=3), min_size=1), seed=st.randoms())
def test_files_that_lie_beside_each_other_are_written_once(files, seed, tmp_path_factory) -> None:
    units = [
        Unit(path, content, tuple(seed.sample([other for other in files.items() if other[0] != path], len(files) - 1)))
        for path, content in files.items()
    ]
    changed = Unit(units[0].path, b"changed", units[0].beside)
    root = tmp_path_factory.mktemp("tree")
    laid = _lay_out(root, [*units, changed])
    assert len({place.partition("/")[0] for place in laid}) == 2
    for unit, place in zip([*units, changed], laid, strict=True):
        assert (root / place).read_bytes() == unit.content
        assert {(file.name, file.read_bytes()) for file in (root / place).parent.iterdir()} == unit.files


@pytest.mark.parametrize(("load", "times"), [(0.0, 1), (2.0, 1), (4.0, 2), (400.0, 4)])
def test_a_start_may_take_longer_where_others_want_the_processors_too(load, times, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert _patience() == times


def test_a_file_over_which_a_scanner_did_not_end_is_not_given_to_it_again(tmp_path):
    """Every fix of it would stop the scanner once more."""
    program = tmp_path / "hadolint"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    scanners = Scanners([Tool(name="hadolint", executable=str(program), version="1")], read, timeout=0.3)
    for content in (b"FROM a\n", b"FROM b\n", b"FROM c\n"):
        unit = Unit("Dockerfile", content)
        scan = scanners.scan({"hadolint": [unit]})["hadolint", unit]
        assert scan.failed
        assert "did not finish" in scan.errors[0]
    assert scanners.starts == 1
