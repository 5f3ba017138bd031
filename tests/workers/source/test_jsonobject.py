import pytest

from workers.source.jsonobject import json_object


@pytest.mark.parametrize(
    ("text", "found"),
    [('{"a": [1]}', {"a": [1]}), ("[1]", {}), ("", {}), ("{", {}), ('"a"', {}), ("[" * 200_000, {})],
)
def test_a_text_gives_its_object_or_nothing(text, found):
    assert json_object(text) == found
