"""Whose `load` it is, and of which release."""

import pytest

from daemon.domain.edits import apply_edits

SCRIPT = "const yaml = require('js-yaml')\nconst $ = require('cheerio')\n\nmodule.exports = text => yaml.load(text)\n"


@pytest.fixture
def proposed(asked):
    """What is proposed for the last line of a script beside a manifest."""

    def of(script, manifest):
        return asked({"lib/read.js": script, "package.json": manifest}, "njsscan", "yaml_deserialize", "lib/read.js", 4)

    return of


def test_before_the_fourth_release_the_safe_one_is_called(proposed):
    made = proposed(SCRIPT, '{"dependencies": {"js-yaml": "^3.14.0"}}').candidates
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
def test_another_load_is_nothing_to_mend(proposed, script, manifest, said):
    made = proposed(script, manifest)
    assert made.harmless
    assert said in made.reason


def test_a_release_that_nothing_names_is_not_guessed(proposed):
    made = proposed(SCRIPT, "{}")
    assert (made.candidates, made.harmless) == ((), False)


def test_tags_that_the_project_uses_keep_the_loader(asked):
    files = {
        "app.js": "const yaml = require('js-yaml');\nconst all = yaml.load(text);\n",
        "package.json": '{"dependencies": {"js-yaml": "^3.13.1"}}',
    }
    assert asked(files, "njsscan", "yaml_deserialize", "app.js", 2).candidates
    tagged = {**files, "strings.yaml": "a: !!js/function () => 1\n"}
    assert not asked(tagged, "njsscan", "yaml_deserialize", "app.js", 2).candidates
