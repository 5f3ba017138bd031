"""LoRA adapters: writing them as mlx-lm reads them, and checking them before they serve.

mlx-lm loads an adapter with missing or non-finite tensors without a word, so every tensor is checked
against the model first.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from daemon.errors import ModelUnavailable
from workers.llm.runtime import mlx

WEIGHTS = "adapters.safetensors"
CONFIG = "adapter_config.json"


class Lora(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of an adapter: the last `layers` blocks, each linear layer with matrices of this rank."""

    layers: int
    rank: int
    scale: float
    dropout: float = 0.0

    def config(self, model: str) -> dict[str, Any]:
        """`adapter_config.json`, as mlx-lm reads it."""
        return {
            "model": model,
            "fine_tune_type": "lora",
            "num_layers": self.layers,
            "lora_parameters": {"rank": self.rank, "scale": self.scale, "dropout": self.dropout},
        }


def add_layers(model: Any, lora: Lora) -> None:
    """Freeze the model and add fresh trainable LoRA matrices to its last blocks."""
    from mlx_lm.tuner.utils import linear_to_lora_layers

    model.freeze()
    linear_to_lora_layers(model, lora.layers, lora.config("")["lora_parameters"])


def attach(model: Any, folder: Path) -> None:
    """Add the adapter in `folder` to a loaded model; base and adapter stay apart.

    Raises:
        ModelUnavailable: a file is missing or broken, or a tensor is missing, superfluous, of the wrong
            shape or not finite. The model must not be used then.
    """
    add_layers(model, _described(folder))
    load_weights(model, folder / WEIGHTS)
    model.eval()


def load_weights(model: Any, file: Path) -> None:
    """Set the trainable matrices of a model that has its LoRA layers.

    Raises:
        ModelUnavailable: as `attach`.
    """
    mx = mlx()
    try:
        weights = mx.load(str(file))
    except (RuntimeError, ValueError, OSError) as error:
        message = f"the adapter {file} cannot be read: {error}. Train again, or `secaid models rollback`"
        raise ModelUnavailable(message) from error
    if problems := list(_problems(model, weights, mx)):
        message = f"the adapter {file} does not fit its model: {'; '.join(problems[:3])} ({len(problems)} problems)"
        raise ModelUnavailable(message)
    model.load_weights(list(weights.items()), strict=False)
    mx.eval(model.parameters())


def _described(folder: Path) -> Lora:
    try:
        config = json.loads((folder / CONFIG).read_bytes())
        return msgspec.convert({"layers": config["num_layers"], **config["lora_parameters"]}, Lora)
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{folder} holds no readable adapter: {error}. Train again, or `secaid models rollback`"
        raise ModelUnavailable(message) from error


def _problems(model: Any, weights: dict[str, Any], mx: Any) -> list[str]:
    from mlx.utils import tree_flatten

    expected = {name: leaf.shape for name, leaf in tree_flatten(model.trainable_parameters())}
    problems = [f"{name} is missing" for name in sorted(expected.keys() - weights.keys())]
    problems += [f"{name} is not one of its tensors" for name in sorted(weights.keys() - expected.keys())]
    for name in sorted(expected.keys() & weights.keys()):
        if weights[name].shape != expected[name]:
            problems.append(f"{name} has shape {weights[name].shape}, not {expected[name]}")
        elif not mx.isfinite(weights[name]).all().item():
            problems.append(f"{name} is not finite")
    return problems
