import pytest

PARSES = "from xml.dom import minidom\n\nminidom.parse(path)\n"
ENCRYPTS = "from Crypto.Cipher import AES\n"


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"README.md": ""}, "nothing in the repository says which packages"),
        ({"requirements.txt": "flask==3.0\n"}, "add it to the project's dependencies"),
        ({"requirements.txt": "defusedxml\n"}, None),
    ],
)
def test_a_package_is_only_used_where_somebody_installs_it(asked, others, says):
    made = asked({"tool/read.py": PARSES, **others}, "bandit", "B318", "tool/read.py", 3)
    shown = [*(warning for each in made.candidates for warning in each.warnings), made.reason or ""]
    assert says is None or any(says in each for each in shown)
    assert bool(made.candidates) == ("README.md" not in others)
    assert says is not None or not any("defusedxml" in each for each in shown)


def test_pycryptodome_is_no_old_library(asked):
    files = {"app.py": ENCRYPTS, "pyproject.toml": '[tool.poetry.dependencies]\npycryptodome = "3.18.0"\n'}
    made = asked(files, "bandit", "B413", "app.py", 1)
    assert made.harmless
    assert not made.candidates
