import pytest

SETTINGS = '_SECRET_KEY = "q9X2vB7nK4mZ8wT1"\n'
PROJECT = '[project]\nname = "shop"\n[project.scripts]\nshop = "shop:main"\n'


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"pyproject.toml": PROJECT}, "goes to everybody who installs this package"),
        ({"pyproject.toml": '[project]\nname = "shop"\nscripts.shop = "shop:main"\n'}, "goes to everybody"),
        ({"setup.py": "setup(entry_points={})\n"}, "goes to everybody who installs this package"),
        ({"pyproject.toml": PROJECT + 'classifiers = ["Private :: Do Not Upload"]\n'}, None),
        ({}, None),
    ],
)
def test_what_a_package_brings_its_users_is_not_asked_of_their_environment(asked, others, says):
    files = {"shop/__init__.py": "", "shop/keys.py": SETTINGS, **others}
    made = asked(files, "bandit", "B105", "shop/keys.py", 1)
    assert bool(made.candidates) == (says is None)
    assert says is None or says in (made.reason or "")


def test_the_address_that_a_package_listens_on_stays(asked):
    files = {"shop/__init__.py": "", "shop/web.py": 'app.run(host="0.0.0.0")\n', "pyproject.toml": PROJECT}
    assert "who names no address" in (asked(files, "bandit", "B104", "shop/web.py", 1).reason or "")
