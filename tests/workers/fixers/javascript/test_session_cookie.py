"""Cookies of projects whose people sign in elsewhere."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

SCRIPT = b"const session = require('express-session')\napp.use(session({ secret: key }))\n"


@pytest.mark.parametrize(
    ("package", "approaches"),
    [
        ("passport-local", ["same-site-lax", "same-site-strict"]),
        ("passport-google-oauth20", ["same-site-lax"]),
        ("openid-client", ["same-site-lax"]),
    ],
)
def test_who_comes_back_from_another_site_keeps_the_session(package, approaches):
    """A strict cookie is not sent there, and with it goes what the sign-in began with."""
    finding = Finding(
        tool="njsscan",
        rule="cookie_session_no_samesite",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path="server/app.js", region=Region(start_line=2)),),
    )
    files = {"server/app.js": SCRIPT, "package.json": f'{{"dependencies": {{"{package}": "1.0.0"}}}}'.encode()}
    assert [one.approach for one in propose(Target(finding=finding, tree=MemoryTree(files))).candidates] == approaches
