"""Named parameters, which an older Django does not take on SQLite."""

import pytest

CODE = """from django.db import connection
def find(name):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM users WHERE name = '{name}'")
"""
ENGINE = "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n"


@pytest.mark.parametrize(
    ("engine", "asked_for", "named"),
    [
        (ENGINE, "Django==3.2.1\n", False),
        (ENGINE, "Django>=4.2\n", True),
        (ENGINE, "Django\n", False),
        (ENGINE, "", False),
        (ENGINE.replace("sqlite3", "postgresql"), "Django==3.2.1\n", True),
    ],
    ids=["older", "newer", "any", "unknown", "another database"],
)
def test_names_only_where_the_database_takes_them(asked, engine, asked_for, named):
    files = {"app/find.py": CODE, "app/settings.py": engine, "requirements.txt": asked_for}
    made = asked(files, "bandit", "B608", "app/find.py", 4)
    names = ["positional-parameters", "named-parameters"] if named else ["positional-parameters"]
    assert [each.approach for each in made.candidates] == names
