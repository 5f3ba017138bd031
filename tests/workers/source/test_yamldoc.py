"""YAML's nodes lie where the text has them, and edits change what they mean and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.edits import apply_edits
from workers.source import yamldoc, yamledit

TEXT = """\
# about
name: CI   # trailing
on: [push, "pull_request"]
env: &env
  A: 'it''s'   # quoted
  B: |+
    keep

# before jobs
jobs:
  build:
    steps:
      - uses: a/b@v1
        with: {x: 1}
      - &second
        run: |
          echo é
          echo two
      - *second
      # last
    empty:
"""


def load(text: bytes) -> Any:
    return yaml.safe_load(text.decode("utf-8-sig"))


def doc(text: str = TEXT) -> yamldoc.YamlDoc:
    return yamldoc.parse(text.encode(), "ci.yml")


def changed(text: str, make: Any) -> str:
    document = doc(text)
    return apply_edits(text.encode(), [make(document)]).decode()


def test_every_node_is_the_text_it_stands_for() -> None:
    document = doc()
    spans = {yamldoc.dotted(path): document.source(node) for path, node in document.root.walk()}
    assert spans["env.A"] == "'it''s'"
    assert spans["on[1]"] == '"pull_request"'
    assert spans["jobs.build.steps[1].run"] == "|\n          echo é\n          echo two"
    assert spans["jobs.build.steps[2]"] == "*second"
    assert spans["jobs.build.empty"] == ""


def test_a_place_leads_to_the_innermost_path() -> None:
    document = doc()
    line = TEXT[: TEXT.index("echo two")].count("\n") + 1
    assert document.path_at(document.offset(line)) == ("jobs", "build", "steps", 1, "run")
    assert document.path_at(document.offset(line - 2)) == ("jobs", "build", "steps", 1, "run")
    assert document.path_at(document.offset(2)) == ("name",)


def test_columns_count_characters_not_bytes() -> None:
    document = doc("a: {é: 1, b: 2}\n")
    assert document.path_at(document.offset(1, 11)) == ("a", "b")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_endings_and_byte_order_marks_stay(newline: str, mark: str) -> None:
    text = mark + "a:\n  b: 1 # one\nc: é\n".replace("\n", newline)
    document = doc(text)
    made = yamledit.put(document, document.root, ("a", "d"), {"e": ["x", "y"]})
    after = apply_edits(text.encode(), [made]).decode()
    assert after == mark + "a:\n  b: 1 # one\n  d:\n    e:\n      - x\n      - y\nc: é\n".replace("\n", newline)


def test_a_file_without_a_final_line_ending_keeps_having_none() -> None:
    assert changed("a: 1", lambda d: yamledit.set_key(d, d.root, "b", "x")) == "a: 1\nb: x"
    assert changed("a: 1\nb: 2", lambda d: yamledit.delete_key(d, d.root, "b")) == "a: 1"


def test_a_block_scalar_that_keeps_its_lines_keeps_them() -> None:
    text = "a:\n  b: |+\n    x\n\n  # c\nz: 1\n"
    after = changed(text, lambda d: yamledit.put(d, d.root, ("a", "n"), "v"))
    assert load(after.encode()) == {"a": {"b": "x\n\n", "n": "v"}, "z": 1}


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: {b: 1}\n", ("a", "c"), "x y", "a: {b: 1, c: x y}\n"),
        ("a: {}\n", ("a", "c"), "${{ x }}", "a:\n  c: ${{ x }}\n"),
        ("a:   # why\nb: 1\n", ("a", "c"), True, "a:\n  c: true   # why\nb: 1\n"),
        ("a: [1]\n", ("a",), "0123", "a: '0123'\n"),
        ("a: 'x'  # c\n", ("a",), "it's", "a: 'it''s'  # c\n"),
        ('- a: "x"\n', (0, "a"), 'q"', '- a: "q\\""\n'),
        ("a:\n    b:\n        c: 1\n", ("a", "d"), {"e": "f"}, "a:\n    b:\n        c: 1\n    d:\n        e: f\n"),
        ("- x: 1\n- y: 2\n", (1, "z"), "true", "- x: 1\n- y: 2\n  z: 'true'\n"),
        ("a: b\n", ("a",), {"c": "d"}, "a:\n  c: d\n"),
        ("a:\n  - b\n", ("a",), "none", "a: none\n"),
        ('{"a": {"b": 1}}', ("a", "c"), {"d": False}, '{"a": {"b": 1, "c": {"d": false}}}'),
        ('{\n  "a": 1\n}\n', ("c",), "x", '{\n  "a": 1,\n  "c": "x"\n}\n'),
        ('{"a": {}}', ("a", "c"), "x", '{"a": {"c": "x"}}'),
    ],
)  # fmt: skip
def test_keys_are_written_as_the_file_writes(before: str, path: tuple[Any, ...], value: Any, after: str) -> None:
    def make(document: yamldoc.YamlDoc) -> Any:
        node = document.root
        steps = list(path)
        while isinstance(steps[0], int):
            node = node.items[steps.pop(0)]
        return yamledit.put(document, node, steps, value)

    assert changed(before, make) == after


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a: 1 # c\nb: 2\n", ("a",), "b: 2\n"),
        ("- a: 1\n  b: 2\n", (0, "a"), "- b: 2\n"),
        ("x: {a: 1, b: 2}\n", ("x", "b"), "x: {a: 1}\n"),
        ("x:\n  a:\n    - 1\n    - 2\n  # stays\n  b: 2\n", ("x", "a"), "x:\n  # stays\n  b: 2\n"),
        ("x:\n  a: 1\n", ("x", "a"), "x:\n  {}\n"),
        ("x:\n  - 1\n  - 2 # c\n", ("x", 1), "x:\n  - 1\n"),
        ("x: [1, 2, 3]\n", ("x", 1), "x: [1, 3]\n"),
    ],
)
def test_what_is_deleted_leaves_the_rest(before: str, path: tuple[Any, ...], after: str) -> None:
    def make(document: yamldoc.YamlDoc) -> Any:
        *parents, last = path
        node = document.root.get(*parents)
        assert node is not None
        return (
            yamledit.delete_item(document, node, last)
            if isinstance(last, int)
            else yamledit.delete_key(document, node, last)
        )

    assert changed(before, make) == after


@pytest.mark.parametrize("broken", [b"a: [", b"\xff\xfe", b"", b"a: &x [*y", b"\t- a: b\n\t\tc", b"a: \x01"])
def test_what_is_not_yaml_is_refused_with_a_reason(broken: bytes) -> None:
    with pytest.raises(yamldoc.YamlBroken):
        yamldoc.parse(broken, "x.yml")


def test_hostile_nesting_is_refused() -> None:
    with pytest.raises(yamldoc.YamlBroken):
        yamldoc.parse(b"[" * 5000, "x.yml")


words = st.text("abcXYZ019 _-:#'\"é{}[]&*!|>%@`,$\\", max_size=8)
keys = st.text("abcdeXYZ_-019.", min_size=1, max_size=5)
leaves = st.one_of(words, st.booleans(), st.integers(-5, 99), st.none(), st.sampled_from(["yes", "1.0", "a\nb\n", "~"]))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.dictionaries(keys, inner, min_size=1, max_size=3), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
documents = st.dictionaries(keys, values, min_size=1, max_size=4)
styles = st.tuples(
    st.integers(2, 4), st.sampled_from([None, False, True]), st.sampled_from(["\n", "\r\n"]), st.booleans()
)


def written(data: Any, style: tuple[int, bool | None, str, bool]) -> bytes:
    indent, flow, newline, mark = style
    text: str = yaml.safe_dump(
        data, indent=indent, default_flow_style=flow, allow_unicode=True, sort_keys=False, width=200
    )
    return (("\ufeff" if mark else "") + text.replace("\n", newline)).encode()


@settings(deadline=None, max_examples=150)
@given(documents, styles, values, keys, st.data())
def test_setting_any_key_changes_that_key_alone(
    data: Any, style: Any, value: Any, key: str, draw: st.DataObject
) -> None:
    content = written(data, style)
    document = yamldoc.parse(content, "x.yml")
    mappings = [path for path, node in document.root.walk() if node.kind == "mapping" and node.entries]
    path = draw.draw(st.sampled_from(mappings))
    node = document.root.get(*path)
    assert node is not None
    after = apply_edits(content, [yamledit.set_key(document, node, key, value)])
    wanted = copy.deepcopy(data)
    inner = wanted
    for step in path:
        inner = inner[step if isinstance(inner, list) else next(name for name in inner if str(name) == step)]
    inner[key] = value
    assert load(after) == wanted


@settings(deadline=None, max_examples=150)
@given(documents, styles, st.data())
def test_deleting_any_key_deletes_that_key_alone(data: Any, style: Any, draw: st.DataObject) -> None:
    content = written(data, style)
    document = yamldoc.parse(content, "x.yml")
    mappings = [path for path, node in document.root.walk() if node.kind == "mapping" and node.entries]
    path = draw.draw(st.sampled_from(mappings))
    node = document.root.get(*path)
    assert node is not None
    key = draw.draw(st.sampled_from(node.keys()))
    after = apply_edits(content, [yamledit.delete_key(document, node, key)])
    wanted = copy.deepcopy(data)
    inner = wanted
    for step in path:
        inner = inner[step]
    del inner[key]
    assert load(after) == wanted


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        document = yamldoc.parse(text.encode("utf-8", "replace"), "x.yml")
    except yamldoc.YamlBroken:
        return
    for _, node in document.root.walk():
        assert 0 <= node.start <= node.end <= len(document.content)
    document.path_at(len(document.content) // 2)
