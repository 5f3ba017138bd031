"""A model of the hub → a 4-bit MLX directory: licence checked, resumable, renamed into place when it is whole.

The only traffic of secaid's own with a model hub, and only when a person asks for it (`secaid setup`).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import shutil
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec

from daemon.errors import ModelUnavailable, Retryable
from workers.llm import licence
from workers.llm.runtime import mlx
from workers.packages import model_package

OnBytes = Callable[[int, int], None]
"""Bytes that are here, and bytes in all."""

_WANTED = ("*.json", "*.safetensors", "*.jinja", "*.txt", "tokenizer.model")
_DEFAULT_OWNER = "allenai"
_BITS = 4
_GROUP = 64
_SUFFIX = f"-{_BITS}bit"
_ROOM = 1.5
"""Disk needed, as a multiple of the download: it lies beside its conversion for a while."""


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """A repository of the hub at one commit."""

    repository: str
    commit: str
    licence: str
    files: tuple[tuple[str, int], ...]
    """Names and sizes in bytes."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(size for _, size in self.files)


def repository_of(base: str) -> str:
    """The hub's repository that `model.base` is converted from: `OLMo-2-…-4bit` is `allenai/OLMo-2-…`."""
    name = base.removesuffix(_SUFFIX)
    return name if "/" in name else f"{_DEFAULT_OWNER}/{name}"


def look_up(repository: str, *, endpoint: str | None = None) -> Remote:
    """What the hub has, checked to be open.

    Raises:
        ModelUnavailable: there is no such model, it is gated, its licence is not an open one, or huggingface-hub is
            not installed.
        Retryable: the hub cannot be reached.
    """
    hub = model_package("huggingface_hub")
    with _hub_errors(repository):
        info = hub.HfApi(endpoint=endpoint, token=False).model_info(repository, files_metadata=True)
    named = next((tag.partition(":")[2] for tag in info.tags or () if tag.startswith("license:")), "")
    if info.gated or named not in licence.OPEN:
        why = "needs a person to accept its terms" if info.gated else f"has the licence {named or 'none'!r}"
        message = f"{repository} {why}: secaid uses open models only. Set model.base to another one"
        raise ModelUnavailable(message)
    files = tuple(
        (file.rfilename, file.size or 0)
        for file in info.siblings or ()
        if any(fnmatch(file.rfilename, pattern) for pattern in _WANTED)
    )
    return Remote(repository=repository, commit=info.sha or "main", licence=named, files=files)


def download(
    remote: Remote, target: Path, *, endpoint: str | None = None, on_bytes: OnBytes = lambda _done, _total: None
) -> Path:
    """Fetch and convert to `target`, unless it is there. Started again, it goes on with the bytes it has.

    Raises:
        ModelUnavailable: the disk is too full, or the model cannot be converted.
        Retryable: the hub cannot be reached, or broke off.
    """
    if (target / "config.json").is_file():
        return target
    partial = target.with_name(f".{target.name}.download")
    partial.mkdir(parents=True, exist_ok=True)
    _check_room(remote, partial)
    _fetch(remote, partial, endpoint, on_bytes)
    converted = target.with_name(f".{target.name}.converted")
    shutil.rmtree(converted, ignore_errors=True)
    convert(partial, converted)
    licence.note(converted, source=remote.repository, licence=remote.licence, commit=remote.commit)
    converted.replace(target)
    shutil.rmtree(partial)
    return target


def convert(source: Path, target: Path) -> None:
    """Quantise a model directory to 4 bits in groups of 64, as mlx-lm reads it.

    Raises:
        ModelUnavailable: it is not a model that mlx-lm knows.
    """
    mlx()
    from mlx_lm.convert import convert as quantise

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            quantise(str(source), str(target), quantize=True, q_bits=_BITS, q_group_size=_GROUP)
    except (ValueError, OSError, KeyError, RuntimeError) as error:
        message = f"the model in {source} cannot be converted: {error}. Set model.base to one that mlx-lm knows"
        raise ModelUnavailable(message) from error


def _fetch(remote: Remote, folder: Path, endpoint: str | None, on_bytes: OnBytes) -> None:
    from huggingface_hub import hf_hub_download

    before = 0
    for name, size in remote.files:
        with _hub_errors(remote.repository):
            hf_hub_download(
                remote.repository,
                name,
                revision=remote.commit,
                local_dir=folder,
                endpoint=endpoint,
                token=False,
                tqdm_class=_counter(before, remote.size, on_bytes),
            )
        before += size
        on_bytes(before, remote.size)


def _counter(before: int, total: int, on_bytes: OnBytes) -> Any:
    """A silent progress bar that reports the bytes of all files so far."""
    from huggingface_hub.utils.tqdm import tqdm

    class Counter(tqdm):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **(named | {"disable": True}))  # type: ignore[no-untyped-call]  # as its makers wrote it

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            on_bytes(before + int(self.n), total)
            return None

    return Counter


def _check_room(remote: Remote, folder: Path) -> None:
    here = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    needed, free = int(remote.size * _ROOM) - here, shutil.disk_usage(folder).free
    if needed > free:
        message = f"{remote.repository} needs {needed >> 20} MiB in {folder.parent}, and {free >> 20} MiB are free"
        raise ModelUnavailable(message)


@contextlib.contextmanager
def _hub_errors(repository: str) -> Any:
    errors: Any = importlib.import_module("huggingface_hub.errors")  # `HTTPError` in it is its HTTP client's own
    absent: Sequence[type[Exception]] = (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
        errors.HFValidationError,
    )
    try:
        yield
    except tuple(absent) as error:
        message = f"the hub has no model {repository!r}: set model.base to one it has"
        raise ModelUnavailable(message) from error
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, errors.HTTPError, OSError) as error:
        message = f"the hub could not be reached for {repository}: {error}. Run `secaid setup` again to go on"
        raise Retryable(message) from error
