"""Questions → checked replies: each question once, masked to a schema, validated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workers.llm.model import Completion, Question, Reply, Schema, TextModel
from workers.llm.schema import decode


def ask(
    model: TextModel,
    questions: Sequence[Question],
    *,
    max_tokens: int,
    on_done: Callable[[int], None] | None = None,
) -> list[Reply]:
    """Ask every question and check every reply, in order; equal prompts are asked once. Each needs a schema.

    `max_tokens` is what a reply usually needs; one that runs on has as much again. Decoding is greedy: to ask a second
    time with more room would write the same once more, up to where it was cut off. A reply that is not valid
    has a reason instead of a value.
    """
    unique = list({question.prompt: question for question in questions}.values())
    done = model.complete(unique, max_tokens=2 * max_tokens, on_done=on_done)
    replies = {asked.prompt: _checked(answer, asked.schema or {}) for asked, answer in zip(unique, done, strict=True)}
    return [replies[question.prompt] for question in questions]


def _checked(answer: Completion, schema: Schema) -> Reply:
    if answer.reason:
        return Reply(reason=answer.reason)
    try:
        value = decode(answer.text, schema)
    except ValueError as error:
        budget = "" if answer.finished else f" (it was cut off after {answer.tokens} tokens)"
        return Reply(reason=f"{error}{budget}", tokens=answer.tokens)
    return Reply(value=value, confidence=answer.confidence, tokens=answer.tokens)
