"""The only adapter of mlx-lm's inference: batches that share one cached prefix, masked to a schema.

On a CPU the weights are dequantised to float32, where batches are token-identical to single prompts;
elsewhere they are used as they were converted. An adapter is never fused into quantised weights.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from daemon.errors import ModelUnavailable
from workers.llm.adapter import attach
from workers.llm.constrain import JsonMask, vocabulary
from workers.llm.identity import fingerprint
from workers.llm.model import Completion, Question, Schema
from workers.llm.runtime import mlx, on_cpu

_PREFILL_TOKENS = 2048
_LOSS_TOKENS = 512


class MlxModel:
    """A model directory that mlx-lm reads, with or without a LoRA adapter: a `TextModel`."""

    def __init__(self, directory: Path, adapter: Path | None = None, *, batch_size: int = 32) -> None:
        """Load the weights; seconds for a small model.

        Raises:
            ModelUnavailable: the directory or the adapter is missing, incomplete or of another model.
        """
        self._model, self._tokenizer, config = load(directory)
        self._directory = directory
        self.name = directory.name
        self.identity = f"{self.name}:{fingerprint(directory)}"
        if adapter is not None:
            self.attach(adapter)
        self._batch_size = batch_size
        self._context = int(config.get("max_position_embeddings", 4096))
        self._vocabulary_size = int(config["vocab_size"])
        self._vocabulary: Any = None

    def attach(self, adapter: Path) -> None:
        """Have the base model answer with a LoRA adapter from now on.

        Raises:
            ModelUnavailable: as `__init__`. The model must not be used then.
        """
        attach(self._model, adapter)
        self.name = f"{self._directory.name}+{adapter.name}"
        self.identity = f"{self.name}:{fingerprint(self._directory, adapter)}"

    def complete(
        self,
        questions: Sequence[Question],
        *,
        max_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Completion]:
        """See `TextModel.complete`."""
        asked = [self._encode(question.prompt) for question in questions]
        fits = [number for number, tokens in enumerate(asked) if len(tokens) + max_tokens <= self._context]
        done = [_too_long(len(tokens), max_tokens, self._context) for tokens in asked]
        prefix = _shared([asked[number] for number in fits])
        cached = self._prefill(asked[fits[0]][:prefix]) if prefix else None
        for start in range(0, len(fits), self._batch_size):
            chunk = fits[start : start + self._batch_size]
            schemas = [questions[number].schema for number in chunk]
            answers = self._generate([asked[number][prefix:] for number in chunk], schemas, cached, max_tokens)
            for number, answer in zip(chunk, answers, strict=True):
                done[number] = answer
            if on_done:
                on_done(start + len(chunk))
        return done

    def loss(self, texts: Sequence[str]) -> float:
        """See `TextModel.loss`."""
        import mlx.nn as nn

        mx = mlx()
        total, counted = 0.0, 0
        for tokens in self._windows(texts):
            logits = self._model(mx.array([tokens[:-1]]))
            losses = nn.losses.cross_entropy(logits, mx.array([tokens[1:]]), reduction="sum")
            total, counted = total + float(losses.item()), counted + len(tokens) - 1
        return total / counted if counted else math.nan

    def _windows(self, texts: Sequence[str]) -> Iterator[list[int]]:
        for text in texts:
            tokens = self._tokenizer.encode(text)
            for start in range(0, len(tokens) - 1, _LOSS_TOKENS):
                yield tokens[start : start + _LOSS_TOKENS + 1]

    def _encode(self, prompt: str) -> list[int]:
        return chat_tokens(self._tokenizer, [{"role": "user", "content": prompt}], generate=True)

    def _prefill(self, prefix: list[int]) -> list[Any]:
        """The keys and values of the tokens that every prompt begins with, computed once."""
        from mlx_lm.models.cache import make_prompt_cache

        mx = mlx()
        cache: list[Any] = make_prompt_cache(self._model)
        for start in range(0, len(prefix), _PREFILL_TOKENS):
            self._model(mx.array([prefix[start : start + _PREFILL_TOKENS]]), cache=cache)
            mx.eval([layer.state for layer in cache])
        return cache

    def _generate(
        self, prompts: list[list[int]], schemas: list[Schema | None], cached: list[Any] | None, max_tokens: int
    ) -> list[Completion]:
        from mlx_lm.generate import BatchGenerator

        number = len(prompts)
        generator = BatchGenerator(
            self._model,
            stop_tokens=[[token] for token in sorted(self._tokenizer.eos_token_ids)],
            completion_batch_size=number,
            prefill_batch_size=number,
            prefill_step_size=_PREFILL_TOKENS,
        )
        try:
            uids = generator.insert(
                prompts,
                [max_tokens] * number,
                caches=[copy.deepcopy(cached) for _ in prompts] if cached else None,
                logits_processors=[self._processors(schema) for schema in schemas],
            )
            written = _collect(generator, uids)
        finally:
            generator.close()
        return [self._completion(*written[uid]) for uid in uids]

    def _processors(self, schema: Schema | None) -> list[JsonMask]:
        if schema is None:
            return []
        if self._vocabulary is None:
            self._vocabulary = vocabulary(self._tokenizer, self._vocabulary_size)
        return [JsonMask(self._vocabulary, schema)]

    def _completion(self, tokens: list[int], surprise: float, finished: bool) -> Completion:
        return Completion(
            text=self._tokenizer.decode(tokens),
            tokens=len(tokens),
            finished=finished,
            confidence=math.exp(-surprise / len(tokens)) if tokens else 0.0,
        )


def load(directory: Path) -> tuple[Any, Any, dict[str, Any]]:
    """Model, tokenizer and configuration of a model directory, ready to run or to be tuned.

    Raises:
        ModelUnavailable: it is missing, incomplete, or of an architecture that mlx-lm lacks.
    """
    mx = mlx()
    from mlx_lm.utils import load as load_model

    if not (directory / "config.json").is_file():
        message = f"there is no model in {directory}: run `secaid setup`, or set model.base and model.directory"
        raise ModelUnavailable(message)
    try:
        model, tokenizer, config = load_model(str(directory), return_config=True)
    except (ValueError, OSError, KeyError, RuntimeError) as error:
        message = f"the model in {directory} cannot be loaded: {error}. Delete the folder and run `secaid setup`"
        raise ModelUnavailable(message) from error
    return (_float32(model, mx) if on_cpu(mx) else model), tokenizer, config


def chat_tokens(tokenizer: Any, messages: Sequence[dict[str, str]], *, generate: bool) -> list[int]:
    """A chat as tokens; with `generate`, up to where the assistant begins to write.

    Messages hold strangers' text: a chat marker in it is broken up, so that it ends no turn and begins none.
    """
    plain = [message | {"content": _unmarked(tokenizer, message["content"])} for message in messages]
    tokens = tokenizer.apply_chat_template(plain, add_generation_prompt=generate, return_dict=False)
    return [int(token) for token in tokens]


def _unmarked(tokenizer: Any, text: str) -> str:
    """The text without the tokenizer's special tokens, and without `<|…|>`, as many models write their markers."""
    for marker in ("<|", *sorted(tokenizer.all_special_tokens, key=len, reverse=True)):
        text = text.replace(marker, f"{marker[0]} {marker[1:]}")
    return text


def _float32(model: Any, mx: Any) -> Any:
    from mlx.utils import tree_map
    from mlx_lm.utils import dequantize_model

    def widen(leaf: Any) -> Any:
        return leaf.astype(mx.float32) if mx.issubdtype(leaf.dtype, mx.floating) else leaf

    model.update(tree_map(widen, model.parameters()))
    model = dequantize_model(model)
    mx.eval(model.parameters())
    model.eval()
    return model


def _collect(generator: Any, uids: Sequence[int]) -> dict[int, tuple[list[int], float, bool]]:
    """Tokens, summed surprise in nats, and whether it ended by itself, by uid."""
    tokens: dict[int, list[int]] = {uid: [] for uid in uids}
    surprise = dict.fromkeys(uids, 0.0)
    finished = dict.fromkeys(uids, False)
    while responses := generator.next_generated():
        for response in responses:
            if response.finish_reason == "stop":
                finished[response.uid] = True
                continue
            tokens[response.uid].append(response.token)
            surprise[response.uid] -= response.logprobs[response.token].item()
    return {uid: (tokens[uid], surprise[uid], finished[uid]) for uid in uids}


def _shared(prompts: Sequence[list[int]]) -> int:
    """How many leading tokens all prompts share, at least one of each left over; 0 for fewer than two prompts."""
    if len(prompts) < 2:
        return 0
    shortest = min(len(prompt) for prompt in prompts) - 1
    first, last = min(prompts), max(prompts)
    return next((at for at in range(shortest) if first[at] != last[at]), shortest)


def _too_long(tokens: int, budget: int, context: int) -> Completion:
    reason = f"the prompt's {tokens} tokens and a reply of {budget} are over the model's context of {context}"
    return Completion(text="", tokens=0, finished=False, reason=reason)
