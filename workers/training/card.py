"""The card of a trained adapter: what it was made of, what it measured, how to use it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from daemon.domain.example import Example, Split
from daemon.domain.release import StageResult
from workers.llm.adapter import Lora
from workers.llm.licence import licence_of

_CARD = """---
base_model: {base}
library_name: mlx
license: {licence}
tags: [lora, mlx, security]
---
# {name}

A LoRA adapter for `{base}` that secaid trained on fixes which passed verification: each ended its finding in a
re-scan by the scanner that reported it. It is meant to be loaded with its base model, never fused into quantised
weights:

    mlx_lm.generate --model {base} --adapter-path {name} --prompt …

| stage | iterations | learning rate | examples | validation loss before | after |
|---|---|---|---|---|---|
{stages}

LoRA: the last {layers} layers, rank {rank}, scale {scale:g}, dropout {dropout:g}. Examples: {train} to train on,
{valid} to validate, {test} held out. Losses are mean token cross-entropy of the replies, in nats.
"""


def model_card(name: str, base: Path, lora: Lora, stages: Sequence[StageResult], examples: Sequence[Example]) -> str:
    """Markdown with the metadata header that model hubs read."""
    rows = [
        f"| {each.stage} | {each.iterations} | {each.learning_rate:g} | {each.examples} "
        f"| {_loss(each.loss_before)} | {_loss(each.loss_after)} |"
        for each in stages
    ]
    sides = {side: sum(example.split is side for example in examples) for side in Split}
    return _CARD.format(
        name=name,
        base=base.name,
        licence=licence_of(base) or "unknown",
        stages="\n".join(rows),
        layers=lora.layers,
        rank=lora.rank,
        scale=lora.scale,
        dropout=lora.dropout,
        train=sides[Split.TRAIN],
        valid=sides[Split.VALID],
        test=sides[Split.TEST],
    )


def _loss(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
