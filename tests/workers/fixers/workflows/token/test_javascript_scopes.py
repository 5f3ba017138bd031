"""What a script of github-script needs where the work is done by files of the repository."""

import pytest

from workers.fixers.workflows.token.javascript_scopes import of_javascript
from workers.fixers.workflows.token.script_scopes import Opaque
from workers.source.tree import MemoryTree

CALLS = "const script = require('./scripts/label.js')\nawait script({ g: github, context })\n"
LABEL = """const fs = require('fs');
const add = require('../lib/add');
// github.rest.repos.delete is not called
module.exports = async ({ g, context }) => {
  await g.rest.issues.listComments({});
  await add(g, context);
};
"""
ADD = "module.exports = async (api, context) => api.rest.issues.addLabels({});\n"


def _words(script: str, **files: str) -> set[str]:
    tree = MemoryTree({path.replace("__", "/"): text.encode() for path, text in files.items()})
    return set(of_javascript(script, tree))


@pytest.mark.parametrize("name", ["./", "${{ github.workspace }}/", "${process.env.GITHUB_WORKSPACE}/"])
def test_the_files_that_a_script_requires_are_read(name):
    files = {"scripts/label.js": LABEL, "lib/add.js": ADD}
    assert _words(CALLS.replace("'./", f"`{name}").replace("js'", "js`"), **files) == {
        *("issues:read", "pull-requests:read", "issues:write", "pull-requests:write")
    }


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (None, "is not in the tree"),
        (LABEL.replace("'fs'", "'@acme/client'"), "may call GitHub as well"),
        (LABEL.replace("g.rest.issues.listComments({})", "g.graphql(query)"), "by GraphQL"),
        (LABEL.replace("g.rest.issues.listComments({})", "call(g.rest.issues)"), "by parts"),
        (LABEL.replace("listComments", "listComments, { rest } = g, x"), "by parts"),
        (LABEL.replace("issues.listComments", "billing.get"), "not known here"),
    ],
    ids=["absent", "a package", "GraphQL", "a namespace", "taken apart", "unknown"],
)
def test_what_cannot_be_read_is_said(label, said):
    files = {"lib/add.js": ADD} | ({"scripts/label.js": label} if label else {})
    with pytest.raises(Opaque, match=said):
        _words(CALLS, **files)
