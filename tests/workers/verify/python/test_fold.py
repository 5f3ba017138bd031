"""Constants worked out: what hides a literal from a scanner shows, and what is decided at run time stays as it is."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.verify.python.fold import constant, plain


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("f(verify=not True)\n", "f(verify=False)"),
        ("f(verify=0)\n", "f(verify=False)"),
        ("f(**dict(debug=True))\n", "f(debug=True)"),
        ("f('m' + 'd5')\n", "f('md5')"),
        ("f('/'.join(['', 'tmp', 'a']))\n", "f('/tmp/a')"),
        ("f('/var/../tmp/a')\n", "f('/tmp/a')"),
        ("f(0x1ff | 0)\n", "f(511)"),
        ("if x and False:\n    f()\n", "if False:\n    f()"),
    ],
)
def test_what_only_has_one_value_is_shown_as_it(source, shown):
    assert plain(ast.parse(source)) == shown.encode()


@pytest.mark.parametrize("source", ["f(verify=x)\n", "f(a + 'b')\n", "f(f'{a}')\n", "f(verify='ca.pem')\n", ""])
def test_what_is_decided_at_run_time_is_left_alone(source):
    assert plain(ast.parse(source)) is None


def test_a_huge_value_is_not_worked_out():
    for source in ("'a' * 10**9", "9**9**9", "1 << 10**9", "bytes(10**10)"):
        assert constant(ast.parse(source, mode="eval").body) is None


@given(st.recursive(st.integers(-9, 9) | st.booleans() | st.text("ab", max_size=3), lambda one: st.tuples(one, one)))
def test_a_literal_is_worth_itself(value):
    assert constant(ast.parse(repr(value), mode="eval").body) == value
