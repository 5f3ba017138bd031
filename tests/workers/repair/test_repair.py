"""What a finding without a verified fix is told."""

from __future__ import annotations

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import Candidate, Edit, FixSource
from daemon.domain.severity import Severity
from workers.parsers import read
from workers.repair.item import Item, Options
from workers.repair.look import look
from workers.repair.repair import repair
from workers.source.tree import MemoryTree
from workers.verify.batch import Scanners
from workers.verify.scanner import Tool
from workers.verify.verifier import Verifier


def test_a_guess_that_failed_does_not_hide_why_there_is_nothing_better():
    finding = Finding(
        tool="semgrep",
        rule="rules.our-own",
        message="",
        severity=Severity.HIGH,
        locations=(Location(path="a.py", region=Region(start_line=1)),),
    )
    edit = Edit(path="a.py", start=0, end=1, text="y")
    guess = Candidate(approach="case-one", source=FixSource.CASE, edits=(edit,), explanation="as elsewhere")
    nobody = Scanners({}, read)
    tree = MemoryTree({"a.py": b"x = 1\n"})
    item = Item(id="f", finding=finding)
    (tried,) = repair([item], tree, Verifier(nobody), nobody, Options(), more={"f": [guess]})
    assert tried.fixes[0].verdict.reason
    assert tried.reason == "no fixer knows semgrep's rule rules.our-own"


def test_what_comes_to_the_same_is_one_approach():
    place = Location(path="a.py", region=Region(start_line=1))
    finding = Finding(tool="semgrep", rule="our-own", message="", severity=Severity.HIGH, locations=(place,))
    short, long = Edit(path="a.py", start=4, end=5, text="2"), Edit(path="a.py", start=0, end=5, text="x = 2")
    other = Edit(path="a.py", start=4, end=5, text="3")
    guesses = [
        Candidate(approach=name, source=FixSource.CASE, edits=(edit,), explanation="as elsewhere")
        for name, edit in (("short", short), ("long", long), ("other", other))
    ]
    nobody = Scanners({}, read)
    tree = MemoryTree({"a.py": b"x = 1\n"})
    (tried,) = repair([Item(id="f", finding=finding)], tree, Verifier(nobody), nobody, Options(), more={"f": guesses})
    assert {fix.candidate.approach for fix in tried.fixes} == {"short", "other"}


def test_a_file_that_a_scanner_leaves_to_whoever_built_it_is_named():
    njsscan = Scanners([Tool(name="njsscan", executable="/nowhere", version="1")], read)
    seen = look(MemoryTree({"a.min.js": b"a()\n"}), njsscan, Options())
    [left] = seen.unread
    assert (left.path, left.reason) == (
        "a.min.js",
        "is left out for njsscan: it is a bundle, which is mended in its source",
    )
