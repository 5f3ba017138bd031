"""Edits of JSON: every other byte stays, and what is read back is what was meant."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.edits import apply_edits
from workers.source import jsonedit, yamldoc

PLAIN = b"""{
    "a" : {"x": 1},
    "b" : [
        {"n": 1}
    ]
}
"""


def _after(content, change):
    doc = yamldoc.parse(content, "t.json")
    return apply_edits(content, [change(doc)]).decode()


def test_a_new_key_is_written_as_the_others_are():
    text = _after(PLAIN, lambda doc: jsonedit.set_key(doc, doc.root, "c", {"d": True}))
    assert text == PLAIN.decode().replace("    ]\n}", '    ],\n    "c" : {\n        "d" : true\n    }\n}')


def test_on_one_line_it_stays_on_the_line():
    text = _after(PLAIN, lambda doc: jsonedit.set_key(doc, doc.root.get("a"), "y", [1, "é"]))
    assert text == PLAIN.decode().replace('{"x": 1}', '{"x": 1, "y": [1, "é"]}')


def test_a_value_is_replaced_and_an_item_added():
    assert '"a" : null,' in _after(PLAIN, lambda doc: jsonedit.set_key(doc, doc.root, "a", None))
    text = _after(PLAIN, lambda doc: jsonedit.append_item(doc, doc.root.get("b"), {"n": 2}))
    assert text == PLAIN.decode().replace('{"n": 1}', '{"n": 1},\n        {\n            "n": 2\n        }')


@pytest.mark.parametrize("key", ["a", "b"])
def test_a_key_goes_with_its_comma(key):
    left = json.loads(_after(PLAIN, lambda doc: jsonedit.delete_key(doc, doc.root, key)))
    assert left == {name: value for name, value in json.loads(PLAIN).items() if name != key}
    assert '"a" : {}' in _after(PLAIN, lambda doc: jsonedit.delete_key(doc, doc.root.get("a"), "x"))


def test_line_endings_of_windows_stay():
    text = _after(PLAIN.replace(b"\n", b"\r\n"), lambda doc: jsonedit.set_key(doc, doc.root, "c", {"d": 1}))
    assert text.count("\n") == text.count("\r\n")


def test_what_shows_no_style_is_refused():
    doc = yamldoc.parse(b'{"a": {}}', "t.json")
    with pytest.raises(ValueError, match="without members"):
        jsonedit.add_key(doc, doc.root.get("a"), "b", 1)
    with pytest.raises(KeyError):
        jsonedit.delete_key(doc, doc.root, "z")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.text('ab"\\é:,{}[]# \n', max_size=4),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text("xyz", min_size=1), inside, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.text("abc", min_size=1), _VALUES, min_size=1, max_size=3), _VALUES, st.sampled_from([None, 1, 4])
)
def test_what_was_set_is_read_back(before, value, indent):
    content = json.dumps(before, indent=indent, ensure_ascii=False).encode()
    text = _after(content, lambda doc: jsonedit.set_key(doc, doc.root, "a", value))
    assert json.loads(text) == before | {"a": value}
