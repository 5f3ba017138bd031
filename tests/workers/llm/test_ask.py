import json

import pytest

from workers.llm.ask import ask
from workers.llm.model import Completion, Question
from workers.llm.schema import decode, token_budget

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


class Scripted:
    """A model that gives prepared completions, and records what it was asked."""

    name = identity = "scripted"

    def __init__(self, completions):
        self.completions = completions
        self.asked = []

    def complete(self, questions, *, max_tokens, on_done=None):
        self.asked.append(([question.prompt for question in questions], max_tokens))
        return [self.completions[question.prompt] for question in questions]


def done(text, finished=True):
    return Completion(text=text, tokens=len(text), finished=finished, confidence=0.5)


def ask_all(model, *prompts):
    return ask(model, [Question(prompt, SCHEMA) for prompt in prompts], max_tokens=10)


def test_equal_questions_are_asked_once_and_answered_everywhere():
    model = Scripted({"a": done('{"n": 1}'), "b": done('{"n": 2}')})
    replies = ask_all(model, "a", "b", "a")
    assert [reply.value for reply in replies] == [{"n": 1}, {"n": 2}, {"n": 1}]
    assert [prompts for prompts, _ in model.asked] == [["a", "b"]]


def test_a_reply_that_runs_on_has_room_without_being_asked_for_again():
    model = Scripted({"a": done('{"n": 7}'), "b": done('{"n": 2}')})
    ask_all(model, "a", "b")
    assert model.asked == [(["a", "b"], 20)]


def test_a_reply_that_was_cut_off_has_a_reason_and_is_not_asked_again():
    model = Scripted({"a": done('{"n": 12', finished=False), "b": done('{"n": 2}')})
    cut_off, whole = ask_all(model, "a", "b")
    assert cut_off.value is None
    assert "not JSON" in cut_off.reason
    assert "cut off" in cut_off.reason
    assert whole.value == {"n": 2}
    assert len(model.asked) == 1


def test_a_finished_reply_that_breaks_the_schema_has_a_reason():
    model = Scripted({"a": done('{"n": "one"}')})
    assert "breaks its schema at `$.n`" in ask_all(model, "a")[0].reason


def test_a_question_the_model_refused_keeps_its_reason():
    refused = Completion(text="", tokens=0, finished=False, reason="the prompt is too long")
    model = Scripted({"a": refused})
    assert ask_all(model, "a")[0].reason == "the prompt is too long"


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"n": 1} trailing', "null"])
def test_hostile_replies_are_refused_not_raised_through(text):
    with pytest.raises(ValueError, match="the reply"):
        decode(text, SCHEMA)


def test_the_budget_covers_the_longest_document():
    schema = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "maxItems": 2, "items": {"type": "string", "maxLength": 40}},
            "kind": {"type": "string", "enum": ["short", "much longer"]},
        },
    }
    longest = json.dumps({"items": ["x" * 40] * 2, "kind": "much longer"})
    assert token_budget(schema, 1.0) >= len(longest)
    assert token_budget(schema) < token_budget(schema, 1.0)


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "array", "items": {"type": "boolean"}}])
def test_an_unbounded_schema_is_refused(schema):
    with pytest.raises(ValueError, match="has no bound"):
        token_budget(schema)
