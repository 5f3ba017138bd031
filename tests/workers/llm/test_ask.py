import json

import pytest

from workers.llm.ask import ask
from workers.llm.model import Completion, Question
from workers.llm.schema import decode, token_budget

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


class Scripted:
    """A model that gives prepared completions, and records what it was asked."""

    name = identity = "scripted"

    def __init__(self, *rounds):
        self.rounds = list(rounds)
        self.asked = []

    def complete(self, questions, *, max_tokens, on_done=None):
        self.asked.append(([question.prompt for question in questions], max_tokens))
        return (
            [self.rounds[0][question.prompt] for question in questions]
            if len(self.asked) == 1
            else [self.rounds[1][question.prompt] for question in questions]
        )


def done(text, finished=True):
    return Completion(text=text, tokens=len(text), finished=finished, confidence=0.5)


def ask_all(model, *prompts):
    return ask(model, [Question(prompt, SCHEMA) for prompt in prompts], max_tokens=10)


def test_equal_questions_are_asked_once_and_answered_everywhere():
    model = Scripted({"a": done('{"n": 1}'), "b": done('{"n": 2}')})
    replies = ask_all(model, "a", "b", "a")
    assert [reply.value for reply in replies] == [{"n": 1}, {"n": 2}, {"n": 1}]
    assert model.asked == [(["a", "b"], 10)]


def test_a_reply_that_was_cut_off_gets_one_more_chance_with_twice_the_room():
    model = Scripted({"a": done('{"n":', finished=False), "b": done('{"n": 2}')}, {"a": done('{"n": 7}')})
    assert [reply.value for reply in ask_all(model, "a", "b")] == [{"n": 7}, {"n": 2}]
    assert model.asked == [(["a", "b"], 10), (["a"], 20)]


def test_a_reply_that_stays_broken_has_a_reason_and_is_not_asked_again():
    model = Scripted({"a": done('{"n":', finished=False)}, {"a": done('{"n": 12', finished=False)})
    reply = ask_all(model, "a")[0]
    assert reply.value is None
    assert "not JSON" in reply.reason
    assert "cut off" in reply.reason
    assert len(model.asked) == 2


def test_a_finished_reply_that_breaks_the_schema_is_not_retried():
    model = Scripted({"a": done('{"n": "one"}')})
    assert "breaks its schema at `$.n`" in ask_all(model, "a")[0].reason
    assert len(model.asked) == 1


def test_a_question_the_model_refused_keeps_its_reason():
    refused = Completion(text="", tokens=0, finished=False, reason="the prompt is too long")
    model = Scripted({"a": refused})
    assert ask_all(model, "a")[0].reason == "the prompt is too long"
    assert len(model.asked) == 1


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
