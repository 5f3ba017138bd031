"""Rules that a repository's own settings set aside."""

import pytest

from workers.fixers.set_aside import set_aside
from workers.source.tree import MemoryTree


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.ruff.lint]\nignore = ["E501", "S113"]\n'),
        ("pyproject.toml", '[tool.ruff]\nextend-ignore = ["S113"]\n'),
        ("pyproject.toml", '[tool.ruff.lint.per-file-ignores]\n"shop/*" = ["S113"]\n'),
        ("pyproject.toml", '[tool.bandit]\nskips = ["B101", "B113"]\n'),
        ("ruff.toml", '[lint]\nignore = ["S113"]\n'),
        (".bandit", "[bandit]\nskips = B101,B113\n"),
        ("bandit.yaml", "exclude_dirs: [tests]\nskips:\n  - B101  # asserts\n  - B113\n"),
        ("setup.cfg", "[flake8]\nmax-line-length = 99\nignore =\n    E501,\n    S113\n"),
        (".pre-commit-config.yaml", 'hooks:\n  - id: bandit\n    args: ["--skip", "B101,B113"]\n'),
        ("Makefile", "lint:\n\tbandit -r -s B113 shop\n"),
    ],
)
def test_a_rule_that_settings_name_is_set_aside(name, text):
    assert set_aside(MemoryTree({name: text.encode()}), "shop/web/pay.py", "113") == name
    assert set_aside(MemoryTree({f"shop/{name}": text.encode()}), "other/pay.py", "113") is None
    assert set_aside(MemoryTree({name: text.encode()}), "shop/web/pay.py", "105") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[tool.ruff.lint]\nselect = ["S113"]\n'),
        ("pyproject.toml", '[tool.ruff.lint.per-file-ignores]\n"tests/*" = ["S113"]\n'),
        ("pyproject.toml", "[tool.ruff\n"),
        ("setup.cfg", "[metadata]\nskips = B113\n"),
        ("bandit.yaml", "tests: [B101, B113]\n"),
    ],
)
def test_others_are_not(name, text):
    assert set_aside(MemoryTree({name: text.encode()}), "shop/web/pay.py", "113") is None
