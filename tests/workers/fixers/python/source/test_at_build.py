"""Secrets of Django's settings, which builds and checks import, too."""

import pytest

SETTINGS = 'import os\nINSTALLED_APPS = []\nSECRET_KEY = "q9X2vB7nK4mZ8wT1"\n'
STEP = "FROM python:3.12\nCOPY . .\nRUN {}python manage.py collectstatic --noinput\n"
PATH = "web/settings.py"


@pytest.mark.parametrize(
    ("dockerfile", "moves"),
    [
        (STEP.format(""), False),
        (STEP.format("SECRET_KEY=build "), True),
        ("FROM python:3.12\nCOPY . .\nRUN pip install .\n", True),
    ],
)
def test_a_step_that_imports_the_settings_keeps_their_secret(asked, dockerfile, moves):
    made = asked({PATH: SETTINGS, "Dockerfile": dockerfile}, "bandit", "B105", PATH, 3)
    assert bool(made.candidates) is moves
    assert moves or "Dockerfile:3 runs `manage.py collectstatic` while the image is built" in (made.reason or "")


def test_a_workflow_that_imports_the_settings_is_named(asked):
    workflow = "jobs:\n  test:\n    steps:\n      - run: pytest\n"
    made = asked({PATH: SETTINGS, ".github/workflows/ci.yml": workflow}, "bandit", "B105", PATH, 3)
    assert ".github/workflows/ci.yml runs `pytest`, which imports these settings: give it SECRET_KEY." in (
        made.candidates[0].warnings
    )


def test_settings_that_tests_take_over_load_without_a_variable(asked):
    common = 'import os\nINSTALLED_APPS = []\nSECRET_KEY = "q9X2vB7nK4mZ8wT1"\n'
    files = {"shop/settings/common.py": common, "shop/settings/test.py": "from .common import *\n"}
    made = asked(files, "bandit", "B105", "shop/settings/common.py", 3)
    assert [each.approach for each in made.candidates] == ["environment"]
    assert '.environ.get("SECRET_KEY", "")' in made.candidates[0].edits[0].text
