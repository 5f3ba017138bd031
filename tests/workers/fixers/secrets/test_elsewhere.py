import json

import pytest

VALUE = "wKYZuRcI0ETtb8vWzMCr04oNbhrQUUICy89h"
COMPOSE = f'services:\n  web:\n    environment:\n      APP_TOKEN: "{VALUE}"\n'
NODE_CONFIG = '{"dependencies": {"config": "^3.3.0"}}'
SCHEMA = f'{{\n  "examples": {{\n    "default": {{\n      "token": "{VALUE}"\n    }}\n  }}\n}}\n'


@pytest.mark.parametrize(
    ("path", "content", "others", "says"),
    [
        ("compose.yml", COMPOSE, {"other/compose.yml": COMPOSE}, "other/compose.yml holds the same value"),
        ("compose.yml", COMPOSE, {"README.md": COMPOSE}, None),
        ("README.md", f"`APP_TOKEN={VALUE}`\n", {"compose.yml": COMPOSE}, None),
        ("compose.ci.yml", COMPOSE, {}, "is test code"),
        ("docker-compose.ci.postgres.yml", COMPOSE, {}, "is test code"),
        ("docker/ci.env", f"APP_TOKEN={VALUE}\n", {}, "is test code"),
        (".env", f"APP_TOKEN={VALUE}\n", {"compose.yml": COMPOSE}, "compose.yml holds the same value"),
        (".env", f"APP_TOKEN={VALUE}\n", {"compose.yml": COMPOSE.replace(VALUE, f"{VALUE}ab")}, None),
        ("chart/values.yaml", f"appToken: {VALUE}\n", {"chart/Chart.yaml": "name: web\n"}, None),
        ("config/default.json", f'{{\n  "token": "{VALUE}"\n}}\n', {"package.json": NODE_CONFIG}, None),
        (
            "deploy/run.sh",
            f"APP_TOKEN={VALUE}\n",
            {"deploy/main.tf": 'file("run.sh")\n'},
            "hands deploy/run.sh to a machine",
        ),
        ("compose.yml", COMPOSE, {".env": "APP_TOKEN=other\n"}, None),
        ("schema.json", SCHEMA, {}, "the example of a description"),
        ("app.json", f'{{\n  "token": "{VALUE[:8]}...{VALUE[-8:]}"\n}}\n', {}, "where a credential belongs"),
    ],
)
def test_a_value_that_others_have_too_stays(asked, path, content, others, says):
    line = next(number for number, text in enumerate(content.splitlines(), 1) if VALUE[:8] in text)
    made = asked({path: content, **others}, "gitleaks", "generic-api-key", path, line)
    assert bool(made.candidates) == (says is None)
    assert says is None or says in (made.reason or "")


def test_a_name_that_the_variables_beside_give_another_value_is_not_taken(asked):
    made = asked({"compose.yml": COMPOSE, ".env": "APP_TOKEN=other\n"}, "gitleaks", "generic-api-key", "compose.yml", 4)
    assert [each.approach for each in made.candidates] == ["placeholder"]
    assert "WEB_APP_TOKEN" in made.candidates[0].edits[0].text


@pytest.mark.parametrize(
    ("path", "above", "manifest", "moves"),
    [
        ("src/api.ts", "", {"dependencies": {"react": "^18"}}, False),
        ("src/api.ts", "process.env.NODE_ENV;\n", {"dependencies": {"vue": "^3"}}, False),
        ("src/api.ts", 'import jwt from "jsonwebtoken";\n', {"dependencies": {"react": "^18"}}, True),
        ("server/api.ts", "", {"dependencies": {"react": "^18"}}, True),
        ("src/api.ts", "", {"dependencies": {"express": "^4"}}, True),
    ],
)
def test_a_secret_of_pages_and_apps_is_not_read_from_an_environment(asked, path, above, manifest, moves):
    content = f'{above}export const apiKey = "{VALUE}";\n'
    files = {path: content, "package.json": json.dumps(manifest)}
    made = asked(files, "gitleaks", "generic-api-key", path, content.count("\n"))
    assert bool(made.candidates) is moves
    assert moves or "let the server hold it" in (made.reason or "")


@pytest.mark.parametrize(
    ("content", "moves"),
    [
        (f'package main\n\nvar apiKey = "{VALUE}"\n', False),
        (f'package main\n\nfunc key() string {{\n\tapiKey := "{VALUE}"\n\treturn apiKey\n}}\n', True),
        (f'package main\n\nimport _ "github.com/joho/godotenv/autoload"\n\nvar apiKey = "{VALUE}"\n', True),
    ],
)
def test_a_variable_is_not_read_before_the_file_of_variables(asked, content, moves):
    line = next(number for number, text in enumerate(content.splitlines(), 1) if VALUE in text)
    files = {"cmd/main.go": content, "go.mod": "module web\n\nrequire github.com/joho/godotenv v1.5.1\n"}
    made = asked(files, "gitleaks", "generic-api-key", "cmd/main.go", line)
    assert bool(made.candidates) is moves
    assert moves or "before the program reads its `.env`" in (made.reason or "")


TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
KEYS = "AWS_ACCESS_KEY_ID=AKIAQ3EGRX7ZP5NVT2LW\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYzz3x9Kq2Lm4T\n"


def test_what_a_provider_gave_out_is_taken_out_of_each_file_by_itself(asked):
    compose = COMPOSE.replace(VALUE, TOKEN)
    files = {"compose.yml": compose, ".env.prod": f"TOKEN={TOKEN}\n", "a.py": f't = "{TOKEN}"\n'}
    made = asked(files, "gitleaks", "github-pat", "compose.yml", 4)
    assert made.candidates
    assert all("stands in .env.prod, a.py" in " ".join(each.warnings) for each in made.candidates)
    assert asked(files, "gitleaks", "generic-api-key", "compose.yml", 4).candidates


def test_what_nobody_is_known_to_have_given_out_stays(asked):
    files = {"compose.yml": COMPOSE, "a.py": f't = "{VALUE}"\n'}
    assert not asked(files, "gitleaks", "generic-api-key", "compose.yml", 4).candidates


def test_the_secret_beside_the_id_of_a_key_of_aws_was_given_out(asked):
    files = {"deploy.env": KEYS, "other.env": KEYS, "template.env": "AWS_SECRET_ACCESS_KEY=\n"}
    made = asked({**files, "docker-compose.yml": "services:\n  a:\n    env_file: deploy.env\n"},
                 "gitleaks", "generic-api-key", "deploy.env", 2)  # fmt: skip
    assert "holds the same value" not in (made.reason or "")
