import pytest


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("<p>{{name}}</p><script src='/a.js'></script>", True),
        ('<button onclick="go()">', False),
        ("<script>go()</script>", False),
        ('<img src="https://example.org/a.png">', False),
    ],
)
def test_a_policy_is_switched_on_where_the_pages_bear_it(asked, page, made):
    text = "const helmet = require('helmet');\napp.use(helmet({ contentSecurityPolicy: false }));\n"
    files = {"server.js": text, "views/index.hbs": page}
    found = asked(files, "njsscan", "helmet_feature_disabled", "server.js", 2)
    assert bool(found.candidates) is made
    if made:
        assert found.candidates[1].edits[0].text == ""


@pytest.mark.parametrize(
    ("option", "path", "text", "made"),
    [
        ("contentSecurityPolicy", "package.json", '{"dependencies": {"swagger-ui-express": "^4.0.0"}}', False),
        ("contentSecurityPolicy", "src/app.jsx", "fetch('https://api.example.org/items')", False),
        ("contentSecurityPolicy", "src/app.jsx", "fetch('/items')", True),
        ("frameguard", "README.md", "Show it in an iframe.", False),
        ("frameguard", "README.md", "A server.", True),
    ],
)
def test_a_header_is_sent_where_the_project_shows_nothing_that_it_refuses(asked, option, path, text, made):
    server = f"const helmet = require('helmet');\napp.use(helmet({{ {option}: false }}));\n"
    found = asked({"server.js": server, path: text}, "njsscan", "helmet_feature_disabled", "server.js", 2)
    assert bool(found.candidates) is made
