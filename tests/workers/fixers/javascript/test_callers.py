"""A parameter is the program's own where every call of the function is to be seen and gives a text of its own."""

import pytest

_MODULE = """const path = require('path');

function loadPart(dir) {
  return path.join(__dirname, dir);
}

EXPORT
"""


@pytest.mark.parametrize(
    ("exported", "other", "own"),
    [
        ("module.exports = { loadPart };", "const { loadPart } = require('./part');\nloadPart('a');", True),
        ("module.exports = { loadPart };", "const part = require('./part');\npart.loadPart('a');", True),
        ("module.exports = { loadPart };", "const part = require('./part');\npart.loadPart(req.query.a);", False),
        ("module.exports = { loadPart };", "const part = require('./part');\npart.loadPart.call(part, 'a');", False),
        ("module.exports = { loadPart };", "const part = require('./part');\nrouter.get('/', part.loadPart);", False),
        ("module.exports = { loadPart };", "const { loadPart: load } = require('./part');\nload(req.query.a);", False),
        ("module.exports = { loadPart };", "module.exports = { ...require('./part') };", False),
        ("module.exports = { loadPart };", "other.loadPart('a');", False),
        ("module.exports = loadPart;\nloadPart('a');", "const load = require('./part');\nload(req.query.a);", False),
        ("loadPart('a');", "", True),
        ("loadPart('a');\nqueue.on('part', loadPart);", "", False),
    ],
)
def test_what_the_calls_give(asked, exported, other, own):
    files = {
        "src/part.js": _MODULE.replace("EXPORT", exported),
        "src/other.js": other,
        "package.json": '{"private": true}',
    }
    found = asked(files, "semgrep", "path-join-resolve-traversal", "src/part.js", 4)
    assert found.harmless is own
