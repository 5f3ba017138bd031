"""Asserts that only tell a type checker what a value is."""

import pytest

NARROWS = "def pay(card):\n    assert card is not None\n    return card.pay()\n"
MYPY = {"pyproject.toml": "[tool.mypy]\nstrict = true\n"}


@pytest.mark.parametrize(
    ("code", "settings", "left"),
    [
        (NARROWS, MYPY, True),
        (NARROWS, {"mypy.ini": "[mypy]\n"}, True),
        (NARROWS, {"pyright.pyproject.toml": ""}, True),
        (NARROWS, {".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: uv run mypy shop\n"}, True),
        (NARROWS, {".github/workflows/ci.yml": "# mypy shop\njobs: {}\n"}, False),
        (NARROWS, {"pyproject.toml": "[tool.black]\n"}, False),
        (NARROWS.replace("not None", "not None and isinstance(card.owner, Person)"), MYPY, True),
        (NARROWS.replace("not None", 'not None, "no card"'), MYPY, False),
        (NARROWS.replace("is not None", "in cards"), MYPY, False),
        (NARROWS.replace("card is not None", "find(card) is not None"), MYPY, False),
    ],
    ids=[
        "mypy",
        "its own file",
        "another of its own",
        "a workflow",
        "a remark",
        "no checker",
        "a class, too",
        "with a message",
        "a value",
        "a call's result",
    ],
)
def test_what_narrows_a_type_is_left_where_a_checker_reads_it(asked, code, settings, left):
    made = asked({"shop/pay.py": code, **settings}, "bandit", "B101", "shop/pay.py", 2)
    assert bool(made.candidates) != left
    assert made.harmless == left
