"""A function that fixes share is added once, however many of them a file gets, and in however many rounds."""

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import Edit
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

_BEFORE = """const express = require('express');

/** Away. */
exports.away = (req, res) => {
  res.redirect(req.query.url);
};
exports.back = (req, res) => {
  res.redirect(req.query.back);
};
"""


def _edits(source: str, line: int) -> tuple[Edit, ...]:
    where = (Location(path="a.js", region=Region(start_line=line)),)
    finding = Finding(tool="njsscan", rule="express_open_redirect", message="", severity=Severity.HIGH, locations=where)
    tree = MemoryTree({"a.js": source.encode()})
    found = {each.approach: each.edits for each in propose(Target(finding=finding, tree=tree)).candidates}
    return found["within-site"]


def test_two_fixes_of_one_round_add_the_same_function():
    both = sorted({*_edits(_BEFORE, 5), *_edits(_BEFORE, 8)})
    after = apply_edits(_BEFORE.encode(), both).decode()
    assert after.count("function redirectWithinSite(") == 1
    assert after.count("redirectWithinSite(req, res, req.query.") == 2
    assert after.index("function redirectWithinSite(") < after.index("/** Away. */")


def test_a_fix_of_a_later_round_uses_the_function_that_is_there():
    once = apply_edits(_BEFORE.encode(), _edits(_BEFORE, 5)).decode()
    line = once[: once.index("req.query.back")].count("\n") + 1
    after = apply_edits(once.encode(), _edits(once, line)).decode()
    assert after.count("function redirectWithinSite(") == 1
    assert after.count("redirectWithinSite(req, res, req.query.") == 2


def test_a_function_of_that_name_which_does_something_else_is_left_alone():
    taken = _BEFORE + "function redirectWithinSite(a) { return a; }\n"
    where = (Location(path="a.js", region=Region(start_line=5)),)
    finding = Finding(tool="njsscan", rule="express_open_redirect", message="", severity=Severity.HIGH, locations=where)
    tree = MemoryTree({"a.js": taken.encode()})
    approaches = [each.approach for each in propose(Target(finding=finding, tree=tree)).candidates]
    assert approaches == ["path-only", "listed-addresses"]
