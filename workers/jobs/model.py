"""The model that serves now, loaded once in the life of a child process."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.domain.release import Release
from daemon.errors import ModelUnavailable
from daemon.storage import StorageUnavailable, open_storage
from daemon.store import releases
from workers.jobs.context import JobContext
from workers.llm.locate import fine_tuned_models, model_directory
from workers.llm.mlx import MlxModel


class Serving(msgspec.Struct, frozen=True):
    """A model that answers, or why there is none."""

    model: MlxModel | None
    problem: str | None = None


_loaded: dict[tuple[Path, Path | None], MlxModel] = {}


def serving(context: JobContext) -> Serving:
    """The base model with the promoted release's adapter, if one of this base model is promoted."""
    try:
        directory = model_directory(context.settings.model)
        return Serving(load(directory, adapter_of(directory, context), context.settings.analysis.batch_size))
    except ModelUnavailable as error:
        return Serving(None, f"no model was asked: {error}")


def adapter_of(base: Path, context: JobContext) -> Path | None:
    """The adapter that serves with this base model; none while the base model serves alone.

    Raises:
        ModelUnavailable: as `adapter`.
    """
    with context.store.read() as conn:
        release = releases.serving(conn, base.name)
    return adapter(release, context)


def keep(name: str, trained: Path, context: JobContext) -> None:
    """Put a trained adapter where the workers of other machines find it; nothing to do where they share no storage.

    Raises:
        StorageUnavailable: the storage cannot be written now.
    """
    if url := context.settings.storage.url:
        open_storage(url, context.paths.data).put(_key(name), trained)


def adapter(release: Release | None, context: JobContext) -> Path | None:
    """A release's adapter on this machine, copied here where another machine trained it; None for the base model.

    Raises:
        ModelUnavailable: it is neither here nor in the shared storage.
    """
    if release is None:
        return None
    here = fine_tuned_models(context.settings.model) / release.name
    for place in (Path(release.path), here):
        if (place / "adapter_config.json").is_file():
            return place
    url = context.settings.storage.url
    if not url:
        message = f"the trained model {release.name} is not in {here.parent}: `secaid models rollback` undoes it"
        raise ModelUnavailable(message)
    try:
        return open_storage(url, context.paths.data).fetch(_key(release.name), here.parent.parent)
    except StorageUnavailable as error:
        raise ModelUnavailable(str(error)) from error


def _key(name: str) -> str:
    """The same below the storage and below the folder of models, so that a copy lies where a trained one would."""
    return f"fine-tuned/{name}"


def load(directory: Path, adapter: Path | None, batch_size: int) -> MlxModel:
    """The model, from memory where this process has it; one at a time is kept, and a base model gets its adapter there.

    Raises:
        ModelUnavailable: its files are missing or broken.
    """
    key = (directory, adapter)
    if key not in _loaded:
        base = _loaded.get((directory, None))
        _loaded.clear()
        model = base or MlxModel(directory, batch_size=batch_size)
        if adapter is not None:
            model.attach(adapter)
        _loaded[key] = model
    return _loaded[key]
