"""The model that serves now, loaded once in the life of a child process."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.errors import ModelUnavailable
from daemon.store import releases
from workers.jobs.context import JobContext
from workers.llm.locate import model_directory
from workers.llm.mlx import MlxModel


class Serving(msgspec.Struct, frozen=True):
    """A model that answers, or why there is none."""

    model: MlxModel | None
    problem: str | None = None


_loaded: dict[tuple[Path, Path | None], MlxModel] = {}


def serving(context: JobContext) -> Serving:
    """The base model with the promoted release's adapter, if one is promoted."""
    with context.store.read() as conn:
        release = releases.serving(conn)
    try:
        directory = model_directory(context.settings.model)
        adapter = Path(release.path) if release else None
        return Serving(load(directory, adapter, context.settings.analysis.batch_size))
    except ModelUnavailable as error:
        return Serving(None, f"no model was asked: {error}")


def load(directory: Path, adapter: Path | None, batch_size: int) -> MlxModel:
    """The model, from memory where this process has it; one at a time is kept.

    Raises:
        ModelUnavailable: its files are missing or broken.
    """
    key = (directory, adapter)
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = MlxModel(directory, adapter, batch_size=batch_size)
    return _loaded[key]
