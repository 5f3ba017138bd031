"""Errors that other files catch from a function."""

import pytest

CHECKS = "class Pin:\n    def __init__(self, text):\n        assert len(text) == 4\n"
CATCHES = "from app.pins import Pin\ntry:\n    PIN = Pin(TEXT)\nexcept (KeyError, ValueError):\n    PIN = None\n"


@pytest.mark.parametrize(
    ("other", "caught"),
    [
        (CATCHES, True),
        (CATCHES.replace("ValueError", "AssertionError"), True),
        (CATCHES.replace("ValueError", "OSError"), False),
        (CATCHES.replace("app.pins", "app.cards"), False),
        (CATCHES.replace("Pin(TEXT)", "None"), False),
        (CATCHES.replace("Pin(TEXT)", "Pin("), False),
    ],
    ids=["the new one", "today's", "neither", "of another module", "another call", "a broken file"],
)
def test_no_other_error_where_a_caller_of_another_file_takes_it_for_its_own(asked, other, caught):
    made = asked({"app/pins.py": CHECKS, "app/pay.py": other}, "bandit", "B101", "app/pins.py", 3)
    approaches = ["raise-assertion-error"] if caught else ["raise-assertion-error", "raise-value-error"]
    assert [each.approach for each in made.candidates] == approaches
