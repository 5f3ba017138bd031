"""vectors by id → an index on disk that finds the nearest; the database stays the truth.

The manifest is renamed into place with the index file's SHA-256, because FAISS loads a damaged one without a word. A
missing, damaged or outdated index is rebuilt from the vectors.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from workers.index.embed import Embedder
from workers.packages import model_package

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_MANIFEST = "manifest.json"
_SUFFIX = ".faiss"
_BYTES_PER_NUMBER = 4


class Hit(msgspec.Struct, frozen=True):
    """One stored case, by how close it is."""

    id: int
    score: float
    """Cosine similarity, -1 to 1."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an index file holds."""

    model: str
    sha256: str
    """Of the index file, and its name."""
    contents: str
    """SHA-256 of ids and vectors."""
    size: int
    """Vectors."""


class VectorIndex:
    """Exact inner-product search over normalised vectors."""

    def __init__(self, faiss_index: Any, model: str) -> None:
        self._index = faiss_index
        self.model = model

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, vector: npt.NDArray[np.float32], k: int, among: Collection[int] | None = None) -> list[Hit]:
        """The `k` closest cases, of those in `among` where it is given, closest first; fewer where there are fewer."""
        if not len(self) or k < 1 or (among is not None and not among):
            return []
        scores, ids = self._index.search(vector.reshape(1, -1), min(k, len(self)), params=_only(among))
        return [Hit(int(at), float(score)) for at, score in zip(ids[0], scores[0], strict=True) if at >= 0]


def search(
    index: VectorIndex, embedder: Embedder, texts: Sequence[str], k: int, among: Collection[int] | None = None
) -> list[list[Hit]]:
    """For each text the stored cases whose text means most nearly the same; the texts are embedded together.

    Raises:
        ValueError: the index was made by another embedding model.
    """
    if index.model != embedder.name:
        message = f"the index holds vectors of {index.model}, not of {embedder.name}: rebuild it"
        raise ValueError(message)
    return [index.nearest(row, k, among) for row in embedder.embed(texts)]


def open_index(folder: Path, vectors: Mapping[int, bytes], model: str) -> tuple[VectorIndex, str]:
    """The index of these vectors (float32 little-endian, normalised), and where it came from.

    Loads the file in `folder` if it is sound and holds just these vectors; else builds and saves it. The second
    value is `loaded`, or why it was `rebuilt: …`.
    """
    try:
        index, manifest = _load(folder)
    except ValueError as reason:
        return _rebuild(folder, vectors, model), f"rebuilt: {reason}"
    if (manifest.model, manifest.contents) != (model, _contents(vectors)):
        return _rebuild(folder, vectors, model), "rebuilt: the cases have changed"
    return VectorIndex(index, model), "loaded"


def to_bytes(vector: npt.NDArray[np.float32]) -> bytes:
    """A vector as the database keeps it."""
    return vector.astype("<f4").tobytes()


def _rebuild(folder: Path, vectors: Mapping[int, bytes], model: str) -> VectorIndex:
    index = _build(vectors)
    _save(folder, index, Manifest(model=model, sha256="", contents=_contents(vectors), size=len(vectors)))
    return VectorIndex(index, model)


def _build(vectors: Mapping[int, bytes]) -> Any:
    faiss = model_package("faiss")
    import numpy as np

    width = len(next(iter(vectors.values()), b"\0" * _BYTES_PER_NUMBER)) // _BYTES_PER_NUMBER
    index = faiss.IndexIDMap2(faiss.IndexFlatIP(width))
    if vectors:
        ids = sorted(vectors)
        rows = np.frombuffer(b"".join(vectors[at] for at in ids), "<f4").reshape(len(ids), width)
        index.add_with_ids(np.ascontiguousarray(rows, np.float32), np.array(ids, np.int64))
    return index


def _save(folder: Path, index: Any, manifest: Manifest) -> None:
    """Write the index under its hash, then the manifest that names it: the rename of the latter is the swap."""
    faiss = model_package("faiss")
    folder.mkdir(parents=True, exist_ok=True)
    content = faiss.serialize_index(index).tobytes()
    sealed = msgspec.structs.replace(manifest, sha256=hashlib.sha256(content).hexdigest())
    _write(folder / f"{sealed.sha256}{_SUFFIX}", content)
    _write(folder / _MANIFEST, msgspec.json.encode(sealed))
    for older in folder.glob(f"*{_SUFFIX}"):
        if older.stem != sealed.sha256:
            older.unlink(missing_ok=True)


def _load(folder: Path) -> tuple[Any, Manifest]:
    """Raises ValueError with the reason where there is no sound index."""
    faiss = model_package("faiss")
    import numpy as np

    try:
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
        content = (folder / f"{manifest.sha256}{_SUFFIX}").read_bytes()
    except FileNotFoundError as error:
        message = "there was none"
        raise ValueError(message) from error
    except (OSError, msgspec.DecodeError) as error:
        message = f"it could not be read ({error})"
        raise ValueError(message) from error
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        message = "the file was damaged"
        raise ValueError(message)
    return faiss.deserialize_index(np.frombuffer(content, np.uint8)), manifest


def _contents(vectors: Mapping[int, bytes]) -> str:
    digest = hashlib.sha256()
    for at in sorted(vectors):
        digest.update(at.to_bytes(8, "little", signed=True) + vectors[at])
    return digest.hexdigest()


def _only(among: Collection[int] | None) -> Any:
    """What confines a search to these ids."""
    if among is None:
        return None
    faiss = model_package("faiss")
    import numpy as np

    selector = faiss.IDSelectorBatch(np.fromiter(among, np.int64, len(among)))
    return faiss.SearchParameters(sel=selector)


def _write(file: Path, content: bytes) -> None:
    staging = file.with_name(f".{file.name}.{os.getpid()}")  # two processes may rebuild it at once
    with staging.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    staging.replace(file)
