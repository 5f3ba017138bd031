import pytest

VALUE = "wKYZuRcI0ETtb8vWzMCr04oNbhrQUUICy89h"
COMPOSE = f'services:\n  web:\n    environment:\n      APP_TOKEN: "{VALUE}"\n'
SCHEMA = f'{{\n  "examples": {{\n    "default": {{\n      "token": "{VALUE}"\n    }}\n  }}\n}}\n'


@pytest.mark.parametrize(
    ("path", "content", "others", "says"),
    [
        ("compose.yml", COMPOSE, {"other/compose.yml": COMPOSE}, "other/compose.yml holds the same value"),
        ("compose.yml", COMPOSE, {"README.md": COMPOSE}, None),
        ("compose.ci.yml", COMPOSE, {}, "is test code"),
        ("docker-compose.ci.postgres.yml", COMPOSE, {}, "is test code"),
        ("docker/ci.env", f"APP_TOKEN={VALUE}\n", {}, "is test code"),
        ("schema.json", SCHEMA, {}, "the example of a description"),
        ("app.json", f'{{\n  "token": "{VALUE[:8]}...{VALUE[-8:]}"\n}}\n', {}, "where a credential belongs"),
    ],
)
def test_a_value_that_others_have_too_stays(asked, path, content, others, says):
    line = next(number for number, text in enumerate(content.splitlines(), 1) if VALUE[:8] in text)
    made = asked({path: content, **others}, "gitleaks", "generic-api-key", path, line)
    assert bool(made.candidates) == (says is None)
    assert says is None or says in (made.reason or "")
