"""Projects on an old Node."""

import pytest

_REDIRECT = """const express = require('express');
const app = express();
app.get('/', function (req, res) {
  res.redirect(req.query.url);
});
"""
_DRAW = "const fs = require('fs');\nconst code = Math.floor(Math.random() * 10);\n"


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": '{"engines": {"node": ">=8 || ^18"}}'},
        {"package.json": "{}", ".nvmrc": "v8.17.0\n"},
        {"package.json": "{}", "Dockerfile": "FROM node:carbon\nCOPY . .\n"},
        {"package.json": "{}", "Dockerfile": "FROM --platform=linux/amd64 node:8-alpine AS build\n"},
    ],
)
def test_nothing_is_written_that_the_project_s_node_does_not_know(asked, files):
    """`URL` came with Node 10, `randomInt` with Node 12."""
    made = asked({"app.js": _REDIRECT, **files}, "njsscan", "express_open_redirect", "app.js", 4)
    assert [each.approach for each in made.candidates] == ["path-only", "listed-addresses"]
    made = asked({"app.js": _DRAW, **files}, "njsscan", "node_insecure_random_generator", "app.js", 2)
    assert [each.approach for each in made.candidates] == ["random-fraction"]


@pytest.mark.parametrize("manifest", ['{"engines": {"node": ">=18"}}', "{}", '{"engines": {"node": "*"}}', "no JSON"])
def test_a_newer_node_or_one_that_nobody_names_is_no_reason_against_it(asked, manifest):
    made = asked({"app.js": _DRAW, "package.json": manifest}, "njsscan", "node_insecure_random_generator", "app.js", 2)
    assert "random-int" in {each.approach for each in made.candidates}
