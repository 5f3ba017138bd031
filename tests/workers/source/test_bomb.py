"""Aliases of YAML that stand for too much."""

import time

import pytest

from workers.source.bomb import is_bomb

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + chr(ord(name) - 1)] * 9)}]\n" for name in "bcdefghi"
)


@pytest.mark.parametrize(
    ("path", "content", "bomb"),
    [
        ("a.yml", LAUGHS, True),
        ("a.yaml", "---\nb: 1\n---\n" + LAUGHS, True),
        ("a.txt", LAUGHS, False),
        ("a.yml", "a: &a {b: 1}\n" + "".join(f"k{n}: *a\n" for n in range(2000)), False),
        ("a.yml", "a: '*x'\nb: [\n" + LAUGHS, False),
        ("a.yml", "on: push\n", False),
    ],
)
def test_a_bomb_is_told_from_a_file_with_many_aliases(path, content, bomb):
    assert is_bomb(path, content.encode()) == bomb


def test_depth_and_length_cost_little():
    started = time.monotonic()
    is_bomb("a.yml", b"a: &a 1\nb: " + b"[*a, " * 5000 + b"1" + b"]" * 5000)
    assert time.monotonic() - started < 5
