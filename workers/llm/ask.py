"""Questions → checked replies: each question once, masked to a schema, validated, retried once."""

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

    A reply that ran out of it is asked for once more
    with twice the room; one that is still not valid has a reason instead of a value.
    """
    unique = list({question.prompt: question for question in questions}.values())
    done = model.complete(unique, max_tokens=max_tokens, on_done=on_done)
    replies = _checked_all(unique, done)
    again = [asked for asked, answer in zip(unique, done, strict=True) if _cut_short(answer, replies[asked.prompt])]
    if again:
        replies |= _checked_all(again, model.complete(again, max_tokens=2 * max_tokens))
    return [replies[question.prompt] for question in questions]


def _checked_all(questions: Sequence[Question], done: Sequence[Completion]) -> dict[str, Reply]:
    return {asked.prompt: _checked(answer, asked.schema or {}) for asked, answer in zip(questions, done, strict=True)}


def _cut_short(answer: Completion, reply: Reply) -> bool:
    """Whether more room could help: decoding is greedy, so the same room gives the same reply."""
    return reply.reason is not None and not answer.finished and answer.reason is None


def _checked(answer: Completion, schema: Schema) -> Reply:
    if answer.reason:
        return Reply(reason=answer.reason)
    try:
        value = decode(answer.text, schema)
    except ValueError as error:
        budget = "" if answer.finished else f" (it was cut off after {answer.tokens} tokens)"
        return Reply(reason=f"{error}{budget}", tokens=answer.tokens)
    return Reply(value=value, confidence=answer.confidence, tokens=answer.tokens)
