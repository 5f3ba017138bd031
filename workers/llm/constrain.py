"""Masks a model's next tokens to those that keep its reply a prefix of valid JSON."""

from __future__ import annotations

import json
from typing import Any

from daemon.errors import Permanent
from workers.llm.model import Schema
from workers.llm.runtime import mlx


class JsonMask:
    """A logits processor for one sequence: it follows that sequence's tokens, so never share one."""

    def __init__(self, vocabulary: Any, schema: Schema) -> None:
        """Follow `schema` from its first token; `vocabulary` is the tokenizer as `vocabulary` makes it.

        Raises:
            Permanent: the schema uses a keyword that llguidance does not know.
        """
        import llguidance
        import llguidance.numpy

        grammar = llguidance.LLMatcher.grammar_from_json_schema(
            json.dumps(_followable(schema)), overrides={"whitespace_flexible": False}
        )
        self._matcher = llguidance.LLMatcher(vocabulary, grammar)
        if self._matcher.is_error():
            message = f"the reply's schema cannot be followed: {self._matcher.get_error()}"
            raise Permanent(message)
        self._words = llguidance.numpy.allocate_token_bitmask(1, vocabulary.vocab_size)
        self._fill = llguidance.numpy.fill_next_token_bitmask
        self._end = vocabulary.eos_token
        self._started = False

    def __call__(self, tokens: Any, logits: Any) -> Any:
        """Logits of shape [1, vocabulary], those of forbidden tokens at minus infinity."""
        if self._started and not self._matcher.is_stopped():
            self._matcher.consume_token(int(tokens[-1].item()))
        self._started = True
        if self._matcher.is_stopped():
            # The document is whole: without this a model that likes to talk writes on until its budget ends.
            self._words[:] = 0
            self._words[0, self._end // 32] = 1 << self._end % 32
        else:
            self._fill(self._matcher, self._words, 0)
        return _masked(logits, self._words)


def vocabulary(tokenizer: Any, size: int) -> Any:
    """The tokenizer as llguidance wants it. Costly (about a second): keep it with the model."""
    import llguidance.hf

    inner = getattr(tokenizer, "_tokenizer", tokenizer)
    return llguidance.hf.from_tokenizer(inner, n_vocab=size, eos_token=sorted(tokenizer.eos_token_ids))


def _followable(schema: Any) -> Any:
    """The schema without the length of strings that have a pattern: llguidance cannot intersect the two.

    Such a pattern must bound its own repetitions; the reply is validated against the whole schema anyway.
    """
    if isinstance(schema, dict):
        left_out = {"minLength", "maxLength"} if isinstance(schema.get("pattern"), str) else set()
        return {key: _followable(value) for key, value in schema.items() if key not in left_out}
    return [_followable(item) for item in schema] if isinstance(schema, list) else schema


def _masked(logits: Any, words: Any) -> Any:
    import numpy as np

    mx = mlx()
    if mx.metal.is_available():
        import llguidance.mlx

        return llguidance.mlx.apply_token_bitmask(logits, words)
    bits = np.unpackbits(words[0].view(np.uint8), bitorder="little", count=logits.shape[-1])
    return mx.where(mx.array(bits.view(bool))[None], logits, mx.array(-float("inf"), logits.dtype))
