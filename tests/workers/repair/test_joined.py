"""What several fixes write at one place, in one edit; what contradicts another is refused."""

import functools

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.edits import apply_edits
from daemon.domain.fix import Edit
from daemon.errors import EditConflict
from workers.repair.joined import Joined, joined
from workers.source import yamldoc, yamledit
from workers.source.hcl import Hcl
from workers.source.hcltext import block_text

POD = b"""\
spec:
  containers:
    - name: web
      image: nginx  # the newest
# the end
"""
BUCKET = b"""\
resource "aws_s3_bucket" "data" {
  bucket = "data"
}
"""


def _container(*values, content=POD):
    doc = yamldoc.parse(content, "pod.yaml")
    [container] = doc.root.get("spec", "containers").items
    return [yamledit.set_key(doc, container, *items) for one in values for items in one.items()]


def _apply(edits, content=POD):
    """Each edit as of a fix of its own."""
    return apply_edits(content, joined([edit] for edit in edits)).decode()


def test_settings_of_one_container_stand_below_one_key():
    """Each writes `securityContext` of its own; what both write stands once, and every other byte stays."""
    edits = _container(
        {"securityContext": {"capabilities": {"drop": ["ALL"]}}},
        {"resources": {"limits": {"cpu": 1}}},
        {"securityContext": {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}},
    )
    assert _apply(edits) == POD.decode().replace(
        "# the end",
        """\
      securityContext:
        capabilities:
          drop:
            - ALL
        readOnlyRootFilesystem: true
      resources:
        limits:
          cpu: 1
# the end""",
    )


def test_what_is_indented_more_comes_first():
    """The pod's key and the container's are written behind the same line; the pod's must not end the container."""
    doc = yamldoc.parse(POD, "pod.yaml")
    pod = yamledit.set_key(doc, doc.root.get("spec"), "hostPID", False)
    policy = yamledit.edit(doc, pod.start, pod.start, "\n---\nkind: NetworkPolicy\nmetadata:\n  name: web")
    [container] = _container({"tty": False})
    text = _apply([policy, pod, container])
    assert text == POD.decode().replace(
        "# the end",
        "      tty: false\n  hostPID: false\n---\nkind: NetworkPolicy\nmetadata:\n  name: web\n# the end",
    )


def test_items_of_one_list_stand_in_front_of_the_next_key_of_its_column():
    """A list may stand as far left as its key."""
    content = b"spec:\n  volumes:\n  - name: data\n"
    doc = yamldoc.parse(content, "pod.yaml")
    spec = doc.root.child("spec")
    items = [yamledit.append_item(doc, spec.child("volumes"), {"name": name}) for name in ("tmp", "run", "tmp")]
    key = yamledit.set_key(doc, spec, "hostPID", False)
    assert _apply([key, *items], content) == (
        "spec:\n  volumes:\n  - name: data\n  - name: tmp\n  - name: run\n  hostPID: false\n"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"tty": True}, {"tty": False}),
        ({"securityContext": {"runAsUser": 999}}, {"securityContext": {"runAsUser": 10001}}),
        ({"securityContext": {"drop": ["ALL"]}}, {"securityContext": {"drop": ["NET_RAW"]}}),
        ({"securityContext": {"a": {"b": 1}}}, {"securityContext": {"a": [{"b": 1}]}}),
        ({"args": "a\nb\n"}, {"args": "a\nc\n"}),
        ({"securityContext": {"a": {}}}, {"securityContext": {"a": {"b": 1}}}),
    ],
)
def test_two_values_of_one_key_are_a_contradiction(one, other):
    """Nobody can say which of them is meant."""
    with pytest.raises(EditConflict, match="contradict"):
        _apply(_container(one, other))


def test_line_endings_of_windows_stay():
    """The text keeps the file's own."""
    content = POD.replace(b"\n", b"\r\n")
    edits = _container({"securityContext": {"a": 1}}, {"securityContext": {"b": 2}}, content=content)
    assert "      securityContext:\r\n        a: 1\r\n        b: 2\r\n# the end" in _apply(edits, content)


def test_new_resources_behind_one_block_and_its_own_settings():
    """HCL: an empty line between resources, braces closed where they were, a variable that two fixes make once."""
    file = Hcl("s3.tf", BUCKET)
    [bucket] = file.blocks
    key = block_text("resource", ("aws_kms_key", "data"), {"enable_key_rotation": "true"})
    logs = block_text("variable", ("logs",), {"type": "string"})
    edits = [
        *file.merge(bucket, {"versioning": {"enabled": "true"}}),
        *file.merge(bucket, {"versioning": {"mfa_delete": "true"}, "acl": '"private"'}),
        *(file.after(bucket, text) for text in (key, logs, key)),
    ]
    assert _apply(edits, BUCKET) == (
        'resource "aws_s3_bucket" "data" {\n  bucket = "data"\n  acl    = "private"\n\n'
        "  versioning {\n    enabled = true\n    mfa_delete = true\n  }\n}\n\n"
        'resource "aws_kms_key" "data" {\n  enable_key_rotation = true\n}\n\n'
        'variable "logs" {\n  type = string\n}\n'
    )


def test_a_module_gets_a_block_once_whatever_file_it_stands_in():
    """Two buckets of one module need one variable; the same name for something else is a contradiction."""
    variable = '\n\nvariable "logs" {\n  type = string\n}'
    fixes = [
        [Edit(path=path, start=1, end=1, text=f"\n  logs = {path}"), Edit(path=path, start=9, end=9, text=variable)]
        for path in ("a/one.tf", "a/two.tf", "b/one.tf")
    ]
    texts = [(edit.path, edit.start) for edit in joined(fixes)]
    assert texts == [("a/one.tf", 1), ("a/one.tf", 9), ("a/two.tf", 1), ("b/one.tf", 1), ("b/one.tf", 9)]
    other = Edit(path="a/two.tf", start=20, end=20, text=variable.replace("string", "bool"))
    with pytest.raises(EditConflict, match='variable "logs"'):
        joined([*fixes, [other]])


def test_a_fix_that_says_what_others_say_is_known_as_such():
    """It costs nothing, so that it is taken before another."""
    [whole] = _container({"securityContext": {"a": 1, "b": 2}})
    [part] = _container({"securityContext": {"b": 2}})
    [other] = _container({"securityContext": {"c": 2}})
    taken = Joined()
    taken.add([whole])
    assert taken.includes([part])
    assert not taken.includes([other])


def test_nothing_of_a_fix_is_taken_where_one_of_its_edits_does_not_go():
    """All or none."""
    taken = Joined()
    taken.add([Edit(path="a.py", start=4, end=6, text="x")])
    before = taken.edits
    with pytest.raises(EditConflict, match="touches"):
        taken.add([Edit(path="a.py", start=9, end=9, text="y"), Edit(path="a.py", start=6, end=6, text="z")])
    assert taken.edits == before


def test_lines_of_a_program_are_nobody_s_to_order():
    """Only an equal edit may stand twice."""
    one, other = (Edit(path="a.py", start=0, end=0, text=f"import {name}\n") for name in ("os", "re"))
    assert joined([[one], [one]]) == (one,)
    with pytest.raises(EditConflict, match="order"):
        joined([[one], [other]])


def test_edits_of_one_fix_may_meet():
    """They were verified as they are: text behind what is replaced, two texts at one place."""
    fix = [Edit(path="a.py", start=3, end=start, text=text) for start, text in ((3, "("), (3, "["), (6, "x"))]
    fix.append(Edit(path="a.py", start=6, end=6, text=")"))
    assert apply_edits(b"run()\nx", joined([fix])) == apply_edits(b"run()\nx", fix)


@pytest.mark.parametrize("sign", [", ", " "])
def test_pieces_of_a_line_are_not_put_together(sign):
    """`, a: 1` and `, b: 2` of one flow mapping, a word for a word."""
    with pytest.raises(EditConflict, match=r"whole lines|no members"):
        joined([Edit(path="a.yaml", start=3, end=3, text=text)] for text in (f"{sign}a: 1", f"{sign}b: 2"))


def test_members_of_one_object_of_json():
    """Each key once; another value of it is a contradiction."""

    def at(text):
        return [Edit(path="t.json", start=9, end=9, text=text)]

    one, two = ',\n  "a": {\n    "b": 1\n  }', ',\n  "c": [1]'
    [edit] = joined([at(one), at(one + two), at(two)])
    assert edit.text == one + two
    with pytest.raises(EditConflict, match='"c"'):
        joined([at(two), at(two.replace("1", "2"))])
    with pytest.raises(EditConflict, match="no members"):
        joined([at(two), at(", 1")])


_KEYS = st.text("abc", min_size=1, max_size=2)
_VALUES = st.recursive(
    st.booleans() | st.integers(0, 99) | st.just("two\nlines\n"),
    lambda inside: (
        st.dictionaries(_KEYS, inside, min_size=1, max_size=3)
        | st.lists(st.fixed_dictionaries({"name": _KEYS}), min_size=1, max_size=2, unique_by=lambda item: item["name"])
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_together_they_mean_what_each_of_them_means(wanted):
    """Whatever is put together is read back as the union of what each wrote, or else it is refused."""
    edits = _container(*wanted)
    try:
        text = _apply(edits)
    except EditConflict:
        return
    [container] = yaml.safe_load(text)["spec"]["containers"]
    assert container == functools.reduce(_union, wanted, {"name": "web", "image": "nginx"})


def _union(one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _union(one.get(key), other.get(key)) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(item for item in other if item not in one)]
    assert one is None or other is None or one == other
    return other if one is None else one
