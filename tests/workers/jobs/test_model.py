"""A trained model serves on every machine whose workers share the storage."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from daemon import settings
from daemon.domain.job import Job
from daemon.domain.release import Release, ReleaseState
from daemon.errors import ModelUnavailable
from daemon.store.engine import Store
from workers.jobs import model
from workers.jobs.context import JobContext


def machine(home: Path, store: Store, url: str = "") -> JobContext:
    configured, paths = settings.load(
        {"SECAID_HOME": str(home), "SECAID_STORAGE_URL": url, "SECAID_MODEL_DIRECTORY": str(home / "models")}
    )
    job = Job(id=1, kind="training", payload={}, attempt=1, max_attempts=1, token="t")
    return JobContext(job, store, configured, paths)


def trained(home: Path) -> Release:
    folder = home / "models" / "fine-tuned" / "tuned_20261128_000000"
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapters.safetensors").write_bytes(b"weights")
    return Release(
        name=folder.name,
        path=str(folder),
        base_model="base",
        state=ReleaseState.PROMOTED,
        reason="better",
        created_at=dt.datetime.now(dt.UTC),
    )


def test_a_model_trained_on_another_machine_is_fetched_once(sqlite_store: Store, tmp_path: Path) -> None:
    shared = f"local://{tmp_path / 'shared'}"
    first, second = (machine(tmp_path / name, sqlite_store, shared) for name in ("first", "second"))
    release = trained(tmp_path / "first")
    model.keep(release.name, Path(release.path), first)
    assert model.adapter(release, first) == Path(release.path)
    shutil.rmtree(release.path)
    found = model.adapter(release, second)
    assert found == tmp_path / "second" / "models" / "fine-tuned" / release.name
    assert (found / "adapters.safetensors").read_bytes() == b"weights"
    shutil.rmtree(tmp_path / "shared")
    assert model.adapter(release, second) == found


def test_a_model_that_is_nowhere_says_so(sqlite_store: Store, tmp_path: Path) -> None:
    release = trained(tmp_path / "first")
    shutil.rmtree(release.path)
    assert model.adapter(None, machine(tmp_path / "a", sqlite_store)) is None
    with pytest.raises(ModelUnavailable, match="models rollback"):
        model.adapter(release, machine(tmp_path / "a", sqlite_store))
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        model.adapter(release, machine(tmp_path / "b", sqlite_store, f"local://{tmp_path / 'shared'}"))
    model.keep(release.name, tmp_path / "nothing", machine(tmp_path / "a", sqlite_store))
