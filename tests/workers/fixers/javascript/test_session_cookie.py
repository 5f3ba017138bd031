"""Cookies of projects whose people sign in elsewhere."""

import pytest

SCRIPT = "const session = require('express-session')\napp.use(session({ secret: key }))\n"


@pytest.mark.parametrize(
    ("package", "approaches"),
    [
        ("passport-local", ["same-site-lax", "same-site-strict"]),
        ("passport-google-oauth20", ["same-site-lax"]),
        ("openid-client", ["same-site-lax"]),
    ],
)
def test_who_comes_back_from_another_site_keeps_the_session(asked, package, approaches):
    """A strict cookie is not sent there, and with it goes what the sign-in began with."""
    files = {"server/app.js": SCRIPT, "package.json": f'{{"dependencies": {{"{package}": "1.0.0"}}}}'}
    made = asked(files, "njsscan", "cookie_session_no_samesite", "server/app.js", 2)
    assert [one.approach for one in made.candidates] == approaches
