"""examples + base model → an adapter tuned in two stages, in a folder of its own.

Stage 1 learns to explain, stage 2 to fix, resuming stage 1's adapter and replaying a share of its examples. The
adapter is never fused into quantised weights: base and adapter are what is evaluated and what serves.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from daemon.domain.example import Example, Split, Stage
from daemon.domain.release import StageResult
from daemon.errors import Permanent
from daemon.settings import Training
from workers.llm import mlx as llm
from workers.llm.adapter import CONFIG, WEIGHTS, Lora, add_layers, load_weights
from workers.llm.identity import fingerprint
from workers.llm.runtime import mlx
from workers.llm.threads import THREADS, affordable_now
from workers.training import card, checkpoint
from workers.training.batches import Encoded, encode
from workers.training.stages import OnProgress, Plan, run_stage

_SEED = 7
_ORDER = (Stage.ANALYSIS, Stage.CODE_FIX)


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run."""

    name: str
    """`NAME_YYYYMMDD_HHMMSS`, also the folder's."""
    path: Path
    """Adapter, its configuration for mlx-lm, and a card."""
    base: Path
    stages: tuple[StageResult, ...]


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    """What is fixed when a run begins, so that a resumed one is the same run."""

    name: str
    inputs: str
    """SHA-256 of base model, settings and examples."""
    threads: int = 1
    """Of a multiplication on a CPU: another number rounds otherwise."""


def train(
    examples: Sequence[Example],
    *,
    base: Path,
    output: Path,
    work: Path,
    name: str,
    settings: Training,
    on_progress: OnProgress = lambda _: None,
    now: dt.datetime | None = None,
) -> Trained:
    """Split examples → `output/NAME_YYYYMMDD_HHMMSS`, renamed into place when it is whole.

    `work` holds the checkpoints: a killed run that is started again with the same inputs and the same `work`
    goes on where it was, and ends with the same losses. Other inputs start afresh.

    Raises:
        Permanent: there is nothing to train on.
        ModelUnavailable: the base model or a checkpoint cannot be loaded.
    """
    if not any(example.split is Split.TRAIN for example in examples):
        message = "no example is on the training side of the split: nothing can be learned yet"
        raise Permanent(message)
    run = _begin(work, output, _inputs(examples, base, settings), name, now or dt.datetime.now(dt.UTC))
    if (output / run.name).is_dir():
        return _finished(output / run.name, base)
    lora = Lora(
        layers=settings.lora_layers,
        rank=settings.lora_rank,
        scale=settings.lora_scale,
        dropout=settings.lora_dropout,
    )
    model, tokenizer, _ = llm.load(base)
    mlx().random.seed(_SEED)
    add_layers(model, lora)
    with THREADS.held(run.threads):
        stages = tuple(
            result
            for stage in _ORDER
            if (result := _stage(stage, model, tokenizer, examples, work, settings, on_progress)) is not None
        )
    return _publish(run, stages, lora, base, output, work, examples)


def _stage(
    stage: Stage,
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    work: Path,
    settings: Training,
    on_progress: OnProgress,
) -> StageResult | None:
    """Run one stage, or load what it came to; none where it has no examples."""
    folder = work / stage
    if (folder / "result.json").is_file():
        newest = checkpoint.latest(folder)
        if newest is not None:
            load_weights(model, newest / WEIGHTS)
            return msgspec.json.decode((folder / "result.json").read_bytes(), type=StageResult)
    chosen = learned(examples, stage, settings.replay)
    encoded = encode(chosen, tokenizer, settings.max_tokens)
    if not encoded:
        return None
    valid = [example for example in examples if example.split is Split.VALID]
    own = [example for example in valid if example.stage is stage]
    measured = _measured(own, tokenizer, settings) or _measured(valid, tokenizer, settings)
    result = run_stage(_plan(stage, settings), model, encoded, measured, folder, on_progress)
    checkpoint.write_json(folder / "result.json", msgspec.to_builtins(result))
    return result


def _measured(examples: Sequence[Example], tokenizer: Any, settings: Training) -> list[Encoded]:
    """What the loss is measured on: those that are short enough, as many as wanted, chosen by hash."""
    wanted = settings.validation_examples or len(examples)
    found: list[Encoded] = []
    for example in sorted(examples, key=lambda each: each.id):
        if len(found) >= wanted:
            break
        found += encode([example], tokenizer, settings.max_tokens)
    return sorted(found, key=lambda each: len(each.tokens))


def learned(examples: Sequence[Example], stage: Stage, replay: float) -> list[Example]:
    """The training side of one stage; the second replays a share of the first's, chosen by hash."""
    training = [example for example in examples if example.split is Split.TRAIN]
    own = [example for example in training if example.stage is stage]
    if stage is _ORDER[0]:
        return own
    earlier = sorted((example for example in training if example.stage is _ORDER[0]), key=lambda each: each.id)
    return own + earlier[: round(replay * len(own))]


def _plan(stage: Stage, settings: Training) -> Plan:
    first = stage is _ORDER[0]
    iterations = settings.stage1_iterations if first else settings.stage2_iterations
    return Plan(
        stage=stage,
        iterations=iterations,
        learning_rate=settings.stage1_learning_rate if first else settings.stage2_learning_rate,
        batch_size=settings.batch_size,
        max_tokens=settings.max_tokens,
        seed=_SEED + _ORDER.index(stage),
        checkpoint_every=max(1, min(10, iterations // 4)),
    )


def _begin(work: Path, output: Path, inputs: str, name: str, now: dt.datetime) -> _Run:
    """The run that `work` holds, if its inputs are these; else a new one in an empty folder."""
    file = work / "run.json"
    if file.is_file():
        run = msgspec.json.decode(file.read_bytes(), type=_Run)
        if run.inputs == inputs:
            return run
        shutil.rmtree(work)
    while (output / f"{name}_{now:%Y%m%d_%H%M%S}").exists():
        now += dt.timedelta(seconds=1)
    run = _Run(name=f"{name}_{now:%Y%m%d_%H%M%S}", inputs=inputs, threads=affordable_now())
    checkpoint.write_json(file, msgspec.to_builtins(run))
    return run


def _inputs(examples: Sequence[Example], base: Path, settings: Training) -> str:
    sides = sorted((example.id, str(example.split)) for example in examples)
    document = (fingerprint(base), msgspec.to_builtins(settings), sides)
    return hashlib.sha256(msgspec.json.encode(document)).hexdigest()


def _publish(
    run: _Run,
    stages: tuple[StageResult, ...],
    lora: Lora,
    base: Path,
    output: Path,
    work: Path,
    examples: Sequence[Example],
) -> Trained:
    newest = checkpoint.latest(work / stages[-1].stage) if stages else None
    if newest is None:
        message = "no example is short enough to train on: raise training.max_tokens"
        raise Permanent(message)
    staging = output / f".{run.name}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    shutil.copyfile(newest / WEIGHTS, staging / WEIGHTS)
    checkpoint.write_json(staging / CONFIG, lora.config(str(base)))
    checkpoint.write_json(staging / "training.json", msgspec.to_builtins(stages))
    (staging / "README.md").write_text(card.model_card(run.name, base, lora, stages, examples), encoding="utf-8")
    staging.replace(output / run.name)
    return _finished(output / run.name, base)


def _finished(path: Path, base: Path) -> Trained:
    stages = msgspec.json.decode((path / "training.json").read_bytes(), type=tuple[StageResult, ...])
    return Trained(name=path.name, path=path, base=base, stages=stages)
