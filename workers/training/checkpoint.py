"""Training state on disk: adapter, optimiser, random state and position, whole or not at all.

mlx-lm keeps the weights only; a run resumed from those alone takes another path. Each checkpoint is a folder that
is renamed into place when every file of it is written.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from daemon.errors import ModelUnavailable
from workers.llm.adapter import WEIGHTS, load_weights
from workers.llm.runtime import mlx

_PREFIX = "checkpoint-"
_OPTIMISER = "optimiser.safetensors"
_RANDOM = "random"
_STATE = "state.json"


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far a stage has come."""

    iteration: int
    """Iterations done; also the position in the data."""
    loss_before: float | None
    seconds: float
    """Training time so far, over all attempts."""


def save(folder: Path, position: Position, model: Any, optimiser: Any) -> None:
    """Write a checkpoint and remove older ones; a kill at any moment leaves one that is whole."""
    from mlx.utils import tree_flatten

    mx = mlx()
    staging = folder / f".staging-{position.iteration}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    mx.save_safetensors(str(staging / WEIGHTS), dict(tree_flatten(model.trainable_parameters())))
    state = dict(tree_flatten(optimiser.state)) | {_RANDOM: mx.random.state[0]}
    mx.save_safetensors(str(staging / _OPTIMISER), state)
    (staging / _STATE).write_bytes(msgspec.json.encode(position))
    for file in staging.iterdir():
        _flush(file)
    staging.replace(folder / f"{_PREFIX}{position.iteration:07d}")
    _flush(folder)
    for older in _checkpoints(folder)[:-1]:
        shutil.rmtree(older, ignore_errors=True)


def load(folder: Path, model: Any, optimiser: Any) -> Position | None:
    """Restore the newest checkpoint into a model that has its LoRA layers; none where there is none."""
    from mlx.utils import tree_unflatten

    mx = mlx()
    newest = latest(folder)
    if newest is None:
        return None
    try:
        position = msgspec.json.decode((newest / _STATE).read_bytes(), type=Position)
        state = mx.load(str(newest / _OPTIMISER))
    except (OSError, ValueError, RuntimeError, msgspec.DecodeError) as error:
        message = f"the checkpoint {newest} cannot be read: {error}. Delete it to train from the start"
        raise ModelUnavailable(message) from error
    load_weights(model, newest / WEIGHTS)
    high, low = state.pop(_RANDOM).tolist()
    mx.random.seed(high << 32 | low)  # a seed is the two halves of its key; the state itself cannot be assigned
    optimiser.init(model.trainable_parameters())
    optimiser.state = tree_unflatten(list(state.items()))
    return position


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint."""
    found = _checkpoints(folder)
    return found[-1] if found else None


def write_json(file: Path, document: Any) -> None:
    """Write a small file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    staging = file.with_name(f".{file.name}")
    staging.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    _flush(staging)
    staging.replace(file)


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"{_PREFIX}*"))


def _flush(path: Path) -> None:
    """Have the kernel write it to the disk, before a rename says that it is there."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
