"""The library that sanitizes is used where the project has it."""

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

_BEFORE = """const User = require('./user');

exports.login = async (req, res) => {
  res.json(await User.findOne({ email: req.body.email, active: true }));
};
"""
_AFTER = """const sanitize = require('mongo-sanitize');
const User = require('./user');

exports.login = async (req, res) => {
  res.json(await User.findOne({ email: sanitize(req.body.email), active: true }));
};
"""


def _fixed(manifest: str) -> list[str]:
    where = (Location(path="login.js", region=Region(start_line=4)),)
    finding = Finding(tool="njsscan", rule="node_nosqli_injection", message="", severity=Severity.HIGH, locations=where)
    tree = MemoryTree({"login.js": _BEFORE.encode(), "package.json": manifest.encode()})
    candidates = propose(Target(finding=finding, tree=tree)).candidates
    return [apply_edits(_BEFORE.encode(), each.edits).decode() for each in candidates]


def test_a_value_is_sanitized_where_the_project_has_the_library():
    assert _fixed('{"dependencies": {"mongo-sanitize": "^1.1.0"}}') == [_AFTER]


def test_nothing_is_imported_that_the_project_lacks():
    made = [*_fixed('{"dependencies": {"mongoose": "^8.0.0"}}'), *_fixed("not JSON")]
    assert made
    assert not any("sanitize" in each for each in made)


def test_a_name_that_stands_for_key_and_value_keeps_its_key():
    before = _BEFORE.replace("  res.json(", "  const { email } = req.body;\n  res.json(", 1).replace(
        "email: req.body.email", "email"
    )
    tree = MemoryTree({"login.js": before.encode(), "package.json": b'{"dependencies": {"mongo-sanitize": "^1.1.0"}}'})
    where = (Location(path="login.js", region=Region(start_line=5)),)
    finding = Finding(tool="njsscan", rule="node_nosqli_injection", message="", severity=Severity.HIGH, locations=where)
    made = propose(Target(finding=finding, tree=tree)).candidates
    assert "findOne({ email: sanitize(email), active: true })" in apply_edits(before.encode(), made[0].edits).decode()
