"""Whose template a form is in: Django's tag means nothing to another engine."""

import pytest

FORM = '<form method="post">\n</form>\n'


@pytest.mark.parametrize(
    ("others", "changed"),
    [
        ({"manage.py": "import django\n"}, True),
        ({"manage.py": "import django\n", "lab/app.py": "from flask import Flask\n"}, False),
        ({"app.py": "from flask import Flask\n"}, False),
    ],
    ids=["Django", "an app of Flask below a project of Django", "Flask"],
)
def test_a_form_gets_the_token_where_the_nearest_program_is_django_s(asked, others, changed):
    made = asked(
        {"lab/templates/form.html": FORM} | others, "semgrep", "django-no-csrf-token", "lab/templates/form.html", 1
    )
    assert bool(made.candidates) is changed
