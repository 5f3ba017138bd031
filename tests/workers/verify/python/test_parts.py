"""A patched file's tree, put together of what changed and what did not, is the tree of the whole file."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.verify.python.parts import parts

_BLOCKS = st.sampled_from(
    [
        "import os\n",
        "x = 1; y = 2\n",
        "# a comment\n",
        "\n",
        "@cached\n@other(\n    1,\n)\ndef f(a):\n    return a\n",
        "class A:\n    b = 1\n\n    def c(self):\n        pass\n",
        "if x:\n    y()\n",
        "else:\n    z()\n",
        "    w()\n",
        'text = """\na = 1\n"""\n',
        "call(\n    1,\n\n    2)\n",
        'open("""\n',
        "z = (1 +\\\n    2)\n",
        "if a: b(); c()\n",
        "é = 'ü'\r\n",
    ]
)
_FILES = st.lists(_BLOCKS, max_size=6).map("".join)


def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


@given(_FILES, _FILES, _FILES, _FILES)
def test_the_parts_are_the_whole(begin, end, old, new):
    before, after = begin + old + end, begin + new + end
    trees = _tree(before), _tree(after)
    both = parts(before.encode(), after.encode())
    if both is None:
        assert None in trees
        return
    assert trees[0] is not None
    assert trees[1] is not None
    assert ast.dump(both.old) == ast.dump(trees[0])
    assert ast.dump(both.new) == ast.dump(trees[1])
    first = both.new.body.index(both.come[0]) if both.come else 0
    placed = trees[1].body[first : first + len(both.come)]
    assert [ast.dump(one, include_attributes=True) for one in both.come] == [
        ast.dump(one, include_attributes=True) for one in placed
    ]


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("a()\n\nb()\nc()\n", "a()\n\nd()\nc()\n", ["b()"], ["d()"]),
        ("a()\nc()\n", "a()\nb()\nc()\n", ["a()"], ["a()", "b()"]),
        (
            "if a:\n    b()\nc()\n",
            "if a:\n    b()\nelse:\n    d()\nc()\n",
            ["if a:\n    b()"],
            ["if a:\n    b()\nelse:\n    d()"],
        ),
    ],
    ids=["changed", "added", "an else"],
)
def test_only_what_changed_is_told_with_what_stands_right_before(old, new, gone, come):
    both = parts(old.encode(), new.encode())
    assert both is not None
    assert [ast.unparse(one) for one in both.gone] == gone
    assert [ast.unparse(one) for one in both.come] == come


def test_imports_stay_with_what_changed():
    both = parts(b"import a\nx = 1\n\na.f(x)\ny = 2\n", b"import a\nx = 1\n\na.g(x)\ny = 2\n")
    assert both is not None
    assert [ast.unparse(side) for side in both.changed()] == ["import a\na.f(x)", "import a\na.g(x)"]
