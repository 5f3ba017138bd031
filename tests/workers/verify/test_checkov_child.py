"""What Checkov's child remembers: each caller's own value, and an answer that depends on nothing but the text."""

import pytest

from workers.verify.checkov_child import _once


def test_each_text_is_asked_once_and_each_caller_gets_a_value_of_its_own() -> None:
    asked: list[str] = []

    def parse(text: str) -> dict[str, list[str]]:
        asked.append(text)
        return {"is": [text]}

    known = _once(parse, 8)
    first = known("a")
    first["is"].append("changed by a caller")
    assert (known("a"), known("b"), known("a")) == ({"is": ["a"]}, {"is": ["b"]}, {"is": ["a"]})
    assert asked == ["a", "b"]


def test_an_error_is_an_error_every_time_and_a_function_stays_that_function() -> None:
    functions = {"upper": lambda text: text.upper()}

    def evaluate(text: str) -> object:
        return functions[text]

    known = _once(evaluate, 8)
    for _ in range(2):
        assert known("upper") is functions["upper"]
        with pytest.raises(KeyError, match="lower"):
            known("lower")


def test_what_is_no_text_is_asked_as_it_is() -> None:
    assert _once(lambda value: [value], 8)({}) == [{}]
