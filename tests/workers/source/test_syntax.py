"""Syntax trees of every language that a finding may point into."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workers.source.grammars import grammar, language_of
from workers.source.syntax import parse, scope

PYTHON = b"class Shop:\n    def price(self, x):\n        y = x\n        return y\n\nz = 1\n"
KOTLIN = b"class Shop {\n  fun price(x: Int): Int {\n    return x\n  }\n}\n"
JAVA = b"class Shop {\n  int price(int x) {\n    return x;\n  }\n}\n"
TYPESCRIPT = b"class Shop {\n  price(x: number): number {\n    return x;\n  }\n}\n"
ARROW = b"const price = (x) => {\n  return x;\n};\n"
GO = b"package a\n\nfunc price(x int) int {\n\treturn x\n}\n"
C = b"int price(int x) {\n  return x;\n}\n"
RUBY = b"class Shop\n  def price(x)\n    x\n  end\nend\n"


@pytest.mark.parametrize(
    ("path", "content", "line", "function", "owner"),
    [
        ("a.py", PYTHON, 4, "price", "Shop"),
        ("a.py", PYTHON, 6, None, None),
        ("a.kt", KOTLIN, 3, "price", "Shop"),
        ("A.java", JAVA, 3, "price", "Shop"),
        ("a.ts", TYPESCRIPT, 3, "price", "Shop"),
        ("a.js", ARROW, 2, "price", None),
        ("a.go", GO, 4, "price", None),
        ("a.c", C, 2, "price", None),
        ("a.rb", RUBY, 3, "price", "Shop"),
    ],
)
def test_the_enclosing_function_and_class_are_named(path, content, line, function, owner):
    """tree-sitter names what stands around a line, in wheels' and fallback grammars alike."""
    tree = parse(content, path)
    if tree is None:
        pytest.skip("the fallback grammars are not installed on this Python")
    around = scope(tree, line)
    assert (around.function, around.class_name) == (function, owner)


def test_a_wide_table_in_a_document_ends_nothing():
    """The fallback's Markdown scanner aborts the process here, so that no document is handed to it."""
    assert parse(b"r||\n-|-|" + b"-" * 300, "README.md") is None


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("deploy/Dockerfile", "dockerfile"),
        ("Dockerfile.dev", "dockerfile"),
        ("main.tf", "hcl"),
        ("build.gradle.kts", "kotlin"),
        (".github/workflows/ci.yml", "yaml"),
        ("App.tsx", "tsx"),
        ("README", None),
    ],
)
def test_languages_are_known_by_path(path, language):
    """File names first, then suffixes."""
    assert language_of(path) == language


def test_a_script_without_suffix_is_known_by_its_interpreter():
    """`#!/usr/bin/env bash` is enough."""
    assert language_of("bin/run", b"#!/usr/bin/env bash\n") == "bash"
    assert language_of("bin/run", b"#!/usr/bin/python3 -u\n") == "python"


def test_errors_say_where_they_are():
    """Outermost errors, in order, with line and column from 1."""
    tree = parse(b"def f(:\n    pass\n", "a.py")
    assert tree is not None
    assert tree.problems
    assert tree.problems[0].line == 1


def test_a_sound_file_has_no_problems():
    """The other half of the check above."""
    for path, content in (("a.py", PYTHON), ("a.kt", KOTLIN), ("a.ts", TYPESCRIPT), ("a.tf", b'x = "1"\n')):
        tree = parse(content, path)
        assert tree is not None
        assert tree.problems == ()


def test_an_unknown_language_gives_no_tree():
    """There is no guessing."""
    assert parse(b"hello", "a.unknown") is None
    assert grammar("klingon") is None


def test_importing_it_loads_no_grammar():
    """Heavy libraries load when they are first needed."""
    code = "import sys, workers.source.syntax; sys.exit('tree_sitter' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_very_deep_nesting_does_not_exhaust_the_stack():
    """Hostile input is walked without recursion."""
    tree = parse(b"(" * 20_000, "a.py")
    assert tree is not None
    assert tree.problems
