"""How many files one start of a scanner is given, and where they lie."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.finding import Finding, Location, Region, Replacement, ScannerFix
from daemon.domain.severity import Severity
from workers.verify.answers import Unit
from workers.verify.scanner import Output, Tool
from workers.verify.variants import MAX_FILES, by_unit, chunks, lay_out

SIZES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=700)


@given(sizes=SIZES, most=st.integers(100, 2000))
def test_every_unit_is_in_one_start_of_bounded_size(sizes: list[tuple[int, int]], most: int) -> None:
    units = [Unit(f"{at}.tf", b"x" * own, (("b.tf", b"y" * beside),)) for at, (own, beside) in enumerate(sizes)]
    starts = list(chunks(units, most))
    assert sorted(unit.path for chunk in starts for unit in chunk) == sorted(unit.path for unit in units)
    for chunk in starts:
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
    laid = lay_out(root, [*units, changed])
    assert len({place.partition("/")[0] for place in laid}) == 2
    for unit, place in zip([*units, changed], laid, strict=True):
        assert (root / place).read_bytes() == unit.content
        assert {(file.name, file.read_bytes()) for file in (root / place).parent.iterdir()} == unit.files


def test_nothing_of_an_answer_names_the_place_where_the_file_lay() -> None:
    where = "v0007/src/app.py"
    edit = Replacement(path=where, region=Region(start_line=1), text="safe()")
    finding = Finding(
        tool="semgrep",
        rule="r",
        message=f"{where} is unsafe",
        severity=Severity.LOW,
        locations=(Location(path=where, region=Region(start_line=1)),),
        fixes=(ScannerFix(description="Semgrep's own", replacements=(edit,)),),
    )
    tool = Tool(name="semgrep", executable="semgrep", version="1")
    output = Output(reports=[], read=frozenset({where}))
    (scan,) = by_unit(tool, [Unit("src/app.py", b"unsafe()\n")], [where], output, [finding])
    assert "v0007" not in repr(scan)
    assert scan.findings[0].fixes[0].replacements[0].path == "src/app.py"
