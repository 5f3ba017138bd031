"""Edits of zizmor's own: those that leave a value in one word."""

from pathlib import Path

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.parsers import read
from workers.repair.scanner_fixes import scanner_fixes
from workers.source.tree import MemoryTree
from workers.verify.batch import Scanners
from workers.verify.scanner import Tool

ZIZMOR = Path(".secaid/scanners/zizmor/bin/zizmor").absolute()
PATH = ".github/workflows/ci.yml"
WORKFLOW = (
    "on:\n  issues:\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    "      - run: |\n          echo {quote}${{{{ github.event.issue.title }}}}{quote}\n"
)


@pytest.mark.scanner("zizmor")
@pytest.mark.skipif(not ZIZMOR.exists(), reason="zizmor is not installed here: run `secaid setup --scanners`")
@pytest.mark.parametrize(("quote", "offered"), [('"', ["zizmor-fix"]), ("", [])], ids=["quoted", "bare"])
def test_a_value_that_the_shell_would_split_is_left_to_the_fixer(quote, offered):
    place = Location(path=PATH, region=Region(start_line=8))
    rule = "zizmor/template-injection"
    finding = Finding(tool="zizmor", rule=rule, message="", severity=Severity.HIGH, locations=(place,))
    tree = MemoryTree({PATH: WORKFLOW.format(quote=quote).encode()})
    zizmor = Scanners([Tool(name="zizmor", executable=str(ZIZMOR), version="1")], read)
    found = scanner_fixes({"f": finding}, tree, zizmor)
    assert [one.approach for one in found.get("f", ())] == offered


@pytest.mark.scanner("zizmor")
@pytest.mark.skipif(not ZIZMOR.exists(), reason="zizmor is not installed here: run `secaid setup --scanners`")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_as_the_file_s_own_do(end):
    place = Location(path=PATH, region=Region(start_line=8))
    rule = "zizmor/template-injection"
    finding = Finding(tool="zizmor", rule=rule, message="", severity=Severity.HIGH, locations=(place,))
    text = WORKFLOW.format(quote='"')
    content = text.replace("\n", end).encode()
    zizmor = Scanners([Tool(name="zizmor", executable=str(ZIZMOR), version="1")], read)
    [one] = scanner_fixes({"f": finding}, MemoryTree({PATH: content}), zizmor)["f"]
    after = apply_edits(content, one.edits).decode()
    assert "        env:" in after
    assert after.count("\n") == after.count(end)
    assert after.replace("\r\n", "\n").startswith(text.partition("          echo")[0])
