"""Whose `load` it is, and of which release."""

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

SCRIPT = "const yaml = require('js-yaml')\nconst $ = require('cheerio')\n\nmodule.exports = text => yaml.load(text)\n"


def _proposed(script, manifest):
    finding = Finding(
        tool="njsscan",
        rule="yaml_deserialize",
        message="",
        severity=Severity.HIGH,
        locations=(Location(path="lib/read.js", region=Region(start_line=4)),),
    )
    files = {"lib/read.js": script.encode(), "package.json": manifest.encode()}
    return propose(Target(finding=finding, tree=MemoryTree(files)))


def test_before_the_fourth_release_the_safe_one_is_called():
    made = _proposed(SCRIPT, '{"dependencies": {"js-yaml": "^3.14.0"}}').candidates
    after = {one.approach: apply_edits(SCRIPT.encode(), one.edits).decode().splitlines()[-1] for one in made}
    assert after == {
        "safe-load": "module.exports = text => yaml.safeLoad(text)",
        "json-types": "module.exports = text => yaml.safeLoad(text, { schema: yaml.JSON_SCHEMA })",
    }


@pytest.mark.parametrize(
    ("script", "manifest", "said"),
    [
        (SCRIPT, '{"dependencies": {"js-yaml": "4.1.0"}}', "plain values only"),
        (SCRIPT.replace("yaml.load", "$.load"), '{"dependencies": {"js-yaml": "3.1.0"}}', "is not js-yaml's"),
    ],
)
def test_another_load_is_nothing_to_mend(script, manifest, said):
    made = _proposed(script, manifest)
    assert made.harmless
    assert said in made.reason


def test_a_release_that_nothing_names_is_not_guessed():
    made = _proposed(SCRIPT, "{}")
    assert (made.candidates, made.harmless) == ((), False)
