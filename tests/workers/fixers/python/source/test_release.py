import pytest

from workers.fixers.python.source.release import may_lack, oldest
from workers.source.tree import MemoryTree


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml", '[project]\nrequires-python = ">=3.10,<4"\n', (3, 10)),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.8"\n', (3, 8)),
        ("setup.py", "setup(python_requires='!=3.0.*, >=3.6')\n", (3, 6)),
        ("setup.cfg", "[options]\npython_requires = >=3.7\n", (3, 7)),
        ("Pipfile", '[requires]\npython_version = "3.11"\n', (3, 11)),
        (".python-version", "3.12.1\n3.9\n", (3, 9)),
        ("runtime.txt", "python-3.8.2\n", (3, 8)),
        ("Dockerfile", "FROM --platform=x docker.io/library/python:3.6-alpine\n", (3, 6)),
        ("Dockerfile", "FROM debian:12\n", None),
        ("setup.py", "'Programming Language :: Python :: 2.7',\n'Programming Language :: Python :: 3.4'\n", (2, 7)),
        ("setup.py", "python_requires='>=3.9',\n'Programming Language :: Python :: 3.4'\n", (3, 9)),
        ("pyproject.toml", '[project]\nrequires-python = ">=3"\n', None),
    ],
)
def test_the_oldest_release_is_read_where_it_is_declared(name, text, expected):
    assert oldest(MemoryTree({f"web/{name}": text.encode()}), "web/app/models.py") == expected


def test_a_file_beside_the_sources_folders_decides_nothing():
    assert oldest(MemoryTree({"other/Dockerfile": b"FROM python:3.6\n"}), "web/app.py") is None


def test_what_came_later_may_be_lacking():
    tree = MemoryTree({"Dockerfile": b"FROM python:3.12 AS build\nFROM python:3.6-alpine\n"})
    assert may_lack(tree, "app.py", (3, 9)) == "3.6"
    assert may_lack(tree, "app.py", (3, 6)) is None
    assert may_lack(MemoryTree({}), "app.py", (3, 9)) is None


@pytest.mark.parametrize(("release", "approaches"), [("3.6", []), ("3.12", ["not-for-security"])])
def test_a_checksum_is_called_one_where_its_python_can_say_so(asked, release, approaches):
    files = {"app.py": "import hashlib\n\n\ndef gravatar(mail):\n    return hashlib.md5(mail).hexdigest()\n",
             "Dockerfile": f"FROM python:{release}\n"}  # fmt: skip
    proposal = asked(files, "bandit", "B324", "app.py", 5)
    assert [one.approach for one in proposal.candidates] == approaches
    assert ("runs on Python 3.6" in (proposal.reason or "")) is (not approaches)


DRAWS = "import random\ncode = random.random()\n"
FROM = "# https://github.com/python/cpython/blob/5a5ce06/Lib/more.py\n"
RELEASE = "__version__ = '5.1'\n"


@pytest.mark.parametrize(
    ("path", "others", "line"),
    [
        ("lib/_vendor/more.py", {}, 2),
        ("app/more.py", {"app/more.py": FROM + DRAWS}, 3),
        ("lib/more/draw.py", {"lib/more/__init__.py": RELEASE}, 2),
        ("lib/more/draw.py", {"lib/more/__init__.py": RELEASE, "setup.py": "setup(name='more')\n"}, 0),
        ("lib/more/draw.py", {"lib/more/__init__.py": ""}, 0),
    ],
    ids=["vendored", "taken from a commit", "a release of its own", "the project itself", "a folder"],
)
def test_a_copy_of_another_project_is_left_to_it(asked, path, others, line):
    made = asked({path: DRAWS} | others, "bandit", "B311", path, line or 2)
    assert bool(made.candidates) is not bool(line)
    assert ("a copy of another project" in (made.reason or "")) is bool(line)
