from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

FILE = """const jwt = require('jsonwebtoken');
const db = connect({ user: 'root', password: 'q9X2vB7n' });
module.exports.sign = (id) => jwt.sign({ id }, 'q9X2vB7nK4mZ8wT1');
module.exports.check = (token) => jwt.verify(token, 'q9X2vB7nK4mZ8wT1');
"""


def test_the_key_of_tokens_is_meant_and_not_what_stands_between_it_and_the_module(proposed):
    place = Location(path="users.js", region=Region(start_line=1, end_line=3))
    rule = "hardcoded_jwt_secret"
    finding = Finding(tool="njsscan", rule=rule, message="", severity=Severity.HIGH, locations=(place,))
    found = proposed(Target(finding=finding, tree=MemoryTree({"users.js": FILE.encode()})))
    after = {each.approach: apply_edits(FILE.encode(), each.edits).decode() for each in found}
    assert after["environment"] == FILE.replace("'q9X2vB7nK4mZ8wT1'", "process.env.JWT_SECRET")
    assert set(after) == {"environment", "mounted-file"}


def test_who_checks_in_another_file_keeps_the_key(asked):
    sign = "module.exports = (payload) => jwt.sign(payload, 'Kd83hfWq0z');\n"
    check = "module.exports = (token) => jwt.verify(token, 'Kd83hfWq0z');\n"
    alone = asked({"sign.js": sign}, "semgrep", "hardcoded-jwt-secret", "sign.js", 1)
    assert [each.approach for each in alone.candidates] == ["environment", "mounted-file"]
    both = asked({"sign.js": sign, "check.js": check}, "semgrep", "hardcoded-jwt-secret", "sign.js", 1)
    assert not both.candidates
    assert "check.js holds as well" in (both.reason or "")
