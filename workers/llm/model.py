"""What the rest of secaid knows of a language model: questions in, completions and replies out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

Schema = Mapping[str, Any]
"""A JSON schema that bounds every string with `maxLength`, so that a reply has a token budget."""


class Question(msgspec.Struct, frozen=True):
    """One user's message of a chat, and what the answer must look like."""

    prompt: str
    schema: Schema | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What a model wrote, unchecked."""

    text: str
    tokens: int
    """Tokens generated, the end marker left out."""
    finished: bool
    """Whether it ended by itself; false where its budget or its context ran out."""
    confidence: float = 0.0
    """Geometric mean of its tokens' probabilities, 0–1."""
    reason: str | None = None
    """Why nothing was generated, as a sentence."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A completion that was checked. Exactly one of `value` and `reason` is set."""

    value: Any | None = None
    """The decoded JSON document, valid against the schema that was asked for."""
    reason: str | None = None
    """Why there is no value, as a sentence."""
    confidence: float = 0.0
    tokens: int = 0


class TextModel(Protocol):
    """A loaded language model. Decoding is greedy: the same question gets the same answer."""

    @property
    def identity(self) -> str:
        """Name and content of model and adapter; part of every cache key."""
        ...

    @property
    def name(self) -> str:
        """The model directory's name, with the adapter's: `NAME` or `NAME+ADAPTER`."""
        ...

    def complete(
        self,
        questions: Sequence[Question],
        *,
        max_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Completion]:
        """Answer every question, in order, each with at most `max_tokens` tokens.

        `on_done` is told how many are answered so far. With a schema, a completion is masked to a prefix
        of a document that is valid against it.
        """
        ...

    def loss(self, texts: Sequence[str]) -> float:
        """Mean cross-entropy over all tokens of the texts, in nats a token."""
        ...
