"""Examples as tokens, and the order in which training sees them: a pure function of seed and iteration.

Because batch *i* can be named without drawing the ones before it, a resumed run goes on with exactly the batch
that the killed one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from daemon.domain.example import Example
from workers.llm.mlx import chat_tokens
from workers.llm.runtime import mlx

_PAD_TO = 32
"""Lengths are rounded up to a multiple of this, so that few shapes are compiled."""


class Encoded(msgspec.Struct, frozen=True):
    """One chat as tokens; the loss counts those from `start` on: the prompt is masked from it."""

    tokens: list[int]
    start: int


def encode(examples: Sequence[Example], tokenizer: Any, max_tokens: int) -> list[Encoded]:
    """Examples → tokens, shortest first. Longer ones are left out: cut off, they would teach broken JSON."""
    encoded = [_encode(example, tokenizer) for example in examples]
    return sorted((each for each in encoded if len(each.tokens) <= max_tokens), key=lambda each: len(each.tokens))


class Batches:
    """`iterate_batches` for mlx-lm's trainer: seeded, resumable, and without a dropped remainder."""

    def __init__(self, seed: int, start: int = 0) -> None:
        self._seed = seed
        self._start = start

    def __call__(
        self,
        dataset: Sequence[Encoded],
        batch_size: int,
        *_: Any,
        loop: bool = False,
        comm_group: Any = None,
        **__: Any,
    ) -> Iterator[tuple[Any, Any]]:
        """Arrays of tokens [batch, length] and of (first counted, last counted) positions [batch, 2]."""
        batches = [range(at, min(at + batch_size, len(dataset))) for at in range(0, len(dataset), batch_size)]
        rank, size = (comm_group.rank(), comm_group.size()) if comm_group is not None else (0, 1)
        for number in self._order(len(batches)) if loop else range(len(batches)):
            yield _arrays([dataset[at] for at in batches[number][rank::size]])

    def _order(self, number: int) -> Iterator[int]:
        import numpy as np

        position = self._start
        while True:
            epoch, at = divmod(position, number)
            yield int(np.random.default_rng([self._seed, epoch]).permutation(number)[at])
            position += 1


def _encode(example: Example, tokenizer: Any) -> Encoded:
    asked = {"role": "user", "content": example.prompt}
    start = len(chat_tokens(tokenizer, [asked], generate=True))
    whole = chat_tokens(tokenizer, [asked, {"role": "assistant", "content": example.completion}], generate=False)
    return Encoded(whole, start)


def _arrays(batch: Sequence[Encoded]) -> tuple[Any, Any]:
    import numpy as np

    mx = mlx()
    longest = max(len(each.tokens) for each in batch)
    padded = np.zeros((len(batch), 1 + _PAD_TO * -(-longest // _PAD_TO)), np.int32)
    for row, each in enumerate(batch):
        padded[row, : len(each.tokens)] = each.tokens
    # The trainer's loss counts targets from the first position to the last, inclusive.
    return mx.array(padded), mx.array([(each.start, len(each.tokens) - 1) for each in batch])
