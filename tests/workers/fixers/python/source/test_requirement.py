import pytest

from daemon.domain.edits import apply_edits

PARSES = "from xml.dom import minidom\n\nminidom.parse(path)\n"
ENCRYPTS = "from Crypto.Cipher import AES\n"


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"README.md": ""}, "nothing in the repository says which packages"),
        ({"requirements.txt": "flask==3.0\n"}, "in any release, in requirements.txt"),
        ({"requirements.txt": "flask==3.0 --hash=sha256:00\n"}, "add it to the project's dependencies"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\nflask = "^3"\n', "poetry.lock": ""}, "Run `poetry lock`"),
        ({"requirements.txt": "defusedxml\n"}, None),
    ],
)
def test_a_package_is_only_used_where_somebody_installs_it(asked, others, says):
    made = asked({"tool/read.py": PARSES, **others}, "bandit", "B318", "tool/read.py", 3)
    shown = [*(warning for each in made.candidates for warning in each.warnings), made.reason or ""]
    assert says is None or any(says in each for each in shown)
    assert bool(made.candidates) == ("README.md" not in others)
    assert says is not None or not any("defusedxml" in each for each in shown)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("requirements.txt", "attrs\nflask==3.0\n", "attrs\ndefusedxml\nflask==3.0\n"),
        ("requirements/base.txt", "attrs", "attrs\ndefusedxml"),
        (
            "pyproject.toml",
            '[project]\ndependencies = [\n    "attrs",\n    "six==1",\n]\n',
            '[project]\ndependencies = [\n    "attrs",\n    "defusedxml",\n    "six==1",\n]\n',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\npython = "^3.9"\nattrs = "^2"\n',
            '[tool.poetry.dependencies]\npython = "^3.9"\nattrs = "^2"\ndefusedxml = "*"\n',
        ),
        (
            "setup.py",
            "setup(\n  install_requires=[\n    'attrs',\n    'six'\n  ],\n)\n",
            "setup(\n  install_requires=[\n    'attrs',\n    'defusedxml',\n    'six'\n  ],\n)\n",
        ),
        (
            "setup.py",
            "setup(install_requires=['attrs', 'six>=1'], setup_requires=['cffi>=1'])\n",
            "setup(install_requires=['attrs', 'defusedxml', 'six>=1'], setup_requires=['cffi>=1'])\n",
        ),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    attrs\n    six\n",
            "[options]\ninstall_requires =\n    attrs\n    defusedxml\n    six\n",
        ),
    ],
)
def test_the_package_is_asked_for_where_the_others_are(asked, path, before, after):
    made = asked({"tool/read.py": PARSES, path: before}, "bandit", "B318", "tool/read.py", 3)
    for each in made.candidates:
        assert apply_edits(before.encode(), [edit for edit in each.edits if edit.path == path]).decode() == after


def test_pycryptodome_is_no_old_library(asked):
    files = {"app.py": ENCRYPTS, "pyproject.toml": '[tool.poetry.dependencies]\npycryptodome = "3.18.0"\n'}
    made = asked(files, "bandit", "B413", "app.py", 1)
    assert made.harmless
    assert not made.candidates
