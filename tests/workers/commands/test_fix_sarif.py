"""Places in the SARIF log: by the repository's root, in characters, inside of the file, however a scanner counts."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import Candidate, Edit, Fix, FixSource, Grade, Level, Verdict
from daemon.domain.severity import Severity
from workers.commands.fix_sarif import sarif
from workers.repair.item import Item
from workers.repair.look import Look
from workers.source.tree import MemoryTree

TEXT = 'x = "ä😀"; eval("1")\nend'
LEVEL = Level.PRESERVED


def result(content: bytes, region: Region, *edits: Edit, tool: str = "bandit", above: str = "", level=Level.NONE):
    finding = Finding(
        tool=tool,
        rule="B307",
        message="eval",
        severity=Severity.MEDIUM,
        category="code",
        locations=(Location(path="a b.py", region=region),),
    )
    candidate = Candidate(approach="one", edits=edits, explanation="Why.", declares=(), source=FixSource.FIXER)
    fixes = (
        Fix(candidate=candidate, verdict=Verdict(level=LEVEL, grade=Grade.SAME_SCANNER, verified=True), patch=""),
    ) * bool(edits)
    item = Item(id="f", finding=finding, fixes=fixes)
    log = sarif([item], Look(items=(item,), files=1), MemoryTree({"a b.py": content}), "1", above=above, level=level)
    return log["runs"][0]["results"][0]


def test_columns_are_characters_whether_a_scanner_counts_them_or_bytes():
    in_bytes, in_characters = (
        Region(start_line=1, start_column=15, end_line=1, end_column=24),
        Region(start_line=1, start_column=11, end_line=1, end_column=20),
    )
    wanted = {"startLine": 1, "startColumn": 11, "endLine": 1, "endColumn": 20}
    for tool, region in (("bandit", in_bytes), ("semgrep", in_characters)):
        place = result(TEXT.encode(), region, tool=tool)["locations"][0]["physicalLocation"]
        assert place["region"] == wanted


@pytest.mark.parametrize(
    ("region", "wanted"),
    [
        (Region(start_line=1, end_line=9), {"startLine": 1, "endLine": 2}),
        (
            Region(start_line=2, start_column=1, end_line=9, end_column=3),
            {"startLine": 2, "startColumn": 1, "endLine": 2},
        ),
        (Region(start_line=9), None),
    ],
)
def test_a_place_behind_the_end_of_the_file_is_none(region, wanted):
    assert result(f"{TEXT}\n".encode(), region)["locations"][0]["physicalLocation"].get("region") == wanted


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_counts_for_no_column(bom):
    start = len(bom) + len('x = "ä😀"; '.encode())
    found = result(bom + TEXT.encode(), Region(start_line=1), Edit(path="a b.py", start=start, end=start + 4, text="f"))
    [replacement] = found["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement["deletedRegion"] == {"startLine": 1, "startColumn": 11, "endLine": 1, "endColumn": 15}


def test_files_are_named_from_the_root_of_the_repository_and_fixes_come_as_far_as_was_asked_for():
    edit = Edit(path="a b.py", start=0, end=1, text="y")
    found = result(TEXT.encode(), Region(start_line=1), edit, above="sub/")
    assert found["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "sub/a%20b.py"}
    assert found["fixes"][0]["artifactChanges"][0]["artifactLocation"] == {"uri": "sub/a%20b.py"}
    assert "fixes" not in result(TEXT.encode(), Region(start_line=1), edit, level=Level.TESTED)
