"""One LoRA stage: encoded examples + a model with adapter layers → a tuned adapter, resumable at any moment."""

from __future__ import annotations

import contextlib
import io
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from daemon.domain.release import StageResult
from daemon.errors import Permanent
from workers.training import checkpoint
from workers.training.batches import Batches, Encoded


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One measured loss, in nats a token."""

    stage: str
    iteration: int
    iterations: int
    kind: str
    """`train` or `validation`."""
    loss: float


OnProgress = Callable[[Progress], None]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What one stage does. The same plan always takes the same path."""

    stage: str
    iterations: int
    learning_rate: float
    batch_size: int
    max_tokens: int
    seed: int
    checkpoint_every: int
    """Iterations between two checkpoints."""


def run_stage(
    plan: Plan,
    model: Any,
    train: Sequence[Encoded],
    valid: Sequence[Encoded],
    folder: Path,
    on_progress: OnProgress = lambda _: None,
) -> StageResult:
    """Train the model's adapter in place, from the newest checkpoint in `folder` or from the start.

    Every iteration's loss, and the validation losses before and after, are reported. What `on_progress`
    raises ends the stage; it can be resumed.
    """
    import mlx.optimizers

    optimiser = mlx.optimizers.Adam(learning_rate=plan.learning_rate)
    done = checkpoint.load(folder, model, optimiser)
    if done is None:
        before = validation_loss(model, valid, plan)
        _report(plan, 0, before, on_progress)
        done = checkpoint.Position(iteration=0, loss_before=before, seconds=0.0)
        optimiser.init(model.trainable_parameters())
        checkpoint.save(folder, done, model, optimiser)
    last = _train(plan, model, optimiser, train, done, folder, on_progress)
    after = validation_loss(model, valid, plan)
    _report(plan, plan.iterations, after, on_progress)
    return StageResult(
        stage=plan.stage,
        iterations=plan.iterations,
        learning_rate=plan.learning_rate,
        examples=len(train),
        loss_before=done.loss_before,
        loss_after=after,
        seconds=round(last.seconds, 1),
    )


def validation_loss(model: Any, examples: Sequence[Encoded], plan: Plan) -> float | None:
    """Mean cross-entropy over the completions' tokens, in nats a token; every example counts. None without examples."""
    from mlx_lm.tuner import trainer

    if not examples:
        return None
    loss = trainer.evaluate(
        model, examples, plan.batch_size, -1, max_seq_length=plan.max_tokens, iterate_batches=Batches(plan.seed)
    )
    return float(loss)


def _train(
    plan: Plan,
    model: Any,
    optimiser: Any,
    train: Sequence[Encoded],
    done: checkpoint.Position,
    folder: Path,
    on_progress: OnProgress,
) -> checkpoint.Position:
    from mlx_lm.tuner import trainer

    if done.iteration >= plan.iterations:
        return done
    callback = _Callback(plan, done, folder, model, optimiser, on_progress)
    arguments = trainer.TrainingArgs(
        batch_size=plan.batch_size,
        iters=plan.iterations - done.iteration,
        steps_per_report=1,
        steps_per_save=plan.iterations + 1,
        max_seq_length=plan.max_tokens,
        adapter_file=str(folder / ".trainer.safetensors"),  # the trainer insists on a file of its own
    )
    with _quiet() as shown:
        callback.shown = shown
        trainer.train(
            model,
            optimiser,
            train,
            args=arguments,
            iterate_batches=Batches(plan.seed, done.iteration),
            training_callback=callback,
        )
    return callback.position


class _Callback:
    """Reports every loss and saves checkpoints; has the methods of mlx-lm's `TrainingCallback`."""

    def __init__(
        self,
        plan: Plan,
        done: checkpoint.Position,
        folder: Path,
        model: Any,
        optimiser: Any,
        on_progress: OnProgress,
    ) -> None:
        self.position = done
        self.shown: Any = None
        self._plan = plan
        self._from = done
        self._folder = folder
        self._state = (model, optimiser)
        self._on_progress = on_progress
        self._started = time.monotonic()

    def on_train_loss_report(self, report: dict[str, Any]) -> None:
        """Called after each iteration, when weights and optimiser are updated."""
        self.position = msgspec.structs.replace(
            self._from,
            iteration=self._from.iteration + report["iteration"],
            seconds=self._from.seconds + time.monotonic() - self._started,
        )
        iteration = self.position.iteration
        if iteration % self._plan.checkpoint_every == 0 or iteration == self._plan.iterations:
            checkpoint.save(self._folder, self.position, *self._state)
        with contextlib.redirect_stdout(self.shown):
            self._on_progress(_progress(self._plan, iteration, "train", report["train_loss"]))

    def on_val_loss_report(self, report: dict[str, Any]) -> None:
        """Never called: validation is measured outside of the trainer, over every example."""


@contextlib.contextmanager
def _quiet() -> Iterator[Any]:
    """Keep the trainer's own progress bars off the log; gives what stdout was."""
    shown = sys.stdout
    with contextlib.redirect_stdout(io.StringIO()):
        yield shown


def _report(plan: Plan, iteration: int, loss: float | None, on_progress: OnProgress) -> None:
    if loss is not None:
        on_progress(_progress(plan, iteration, "validation", loss))


def _progress(plan: Plan, iteration: int, kind: str, loss: float) -> Progress:
    if not math.isfinite(loss):
        message = (
            f"stage {plan.stage} diverged at iteration {iteration}: its {kind} loss is {loss}. Lower its learning rate"
        )
        raise Permanent(message)
    return Progress(stage=plan.stage, iteration=iteration, iterations=plan.iterations, kind=kind, loss=loss)
