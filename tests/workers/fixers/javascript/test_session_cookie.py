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


@pytest.mark.parametrize(("release", "made"), [("1.12.1", False), ("^1.12.1", True), ("1.17.0", True)])
def test_a_release_that_does_not_know_a_flag_is_not_given_it(asked, release, made):
    files = {
        "app.js": "const session = require('express-session');\napp.use(session({ secret: key }));\n",
        "package.json": f'{{"dependencies": {{"express-session": "{release}"}}}}',
    }
    assert bool(asked(files, "njsscan", "cookie_session_no_samesite", "app.js", 2).candidates) is made


@pytest.mark.parametrize(("value", "made"), [("false", True), ("config.cookie.secure && config.tls", False)])
def test_a_flag_that_the_settings_decide_is_left_to_them(asked, value, made):
    text = (
        "const session = require('express-session');\nhttps.createServer(keys, app);\n"
        f"app.use(session({{ secret: key, cookie: {{ secure: {value} }}, name: config.name }}));\n"
    )
    assert bool(asked({"app.js": text}, "njsscan", "cookie_session_no_secure", "app.js", 3).candidates) is made
