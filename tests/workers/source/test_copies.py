"""Copies of another project's code, told from code that only names it."""

import pytest

from workers.source.copies import is_copy
from workers.source.tree import MemoryTree

_AT = "https://github.com/owner/project/blob/0123456789abcdef0123456789abcdef01234567/a.py"


@pytest.mark.parametrize(
    ("head", "copied"),
    [
        (f"# Taken from {_AT}\n", True),
        (f"import os\n# {_AT}\n", True),
        (f"# cf. {_AT}\n", False),
        (f"# For the format see {_AT}\n", False),
        (f"text = '{_AT}'\n", False),
    ],
)
def test_a_comment_that_says_where_a_file_comes_from_makes_it_a_copy(head, copied):
    """One that says what to look at makes it none."""
    assert is_copy(MemoryTree({"a.py": (head + "x = 1\n").encode()}), "a.py") is copied
