"""Files appear under their key whole or not at all, in a folder and behind fsspec."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from daemon.storage import FolderStorage, SharedStorage, Storage, StorageUnavailable, open_storage, write


@pytest.fixture(params=["folder", "shared"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage("", tmp_path / "kept")
    return open_storage(f"local://{tmp_path / 'shared'}", tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "adapters").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "adapters" / "weights").write_bytes(b"w" * 1000)
    return folder


def test_the_settings_choose_the_storage(tmp_path: Path) -> None:
    assert isinstance(open_storage("", tmp_path), FolderStorage)
    assert isinstance(open_storage("file:///srv/secaid", tmp_path), FolderStorage)
    assert isinstance(open_storage("memory://secaid", tmp_path), SharedStorage)


def test_files_and_folders_come_back_as_they_were(storage: Storage, source: Path, tmp_path: Path) -> None:
    storage.put("artifacts/ab.zip", source / "config.json")
    storage.put("models/one", source)
    cache = tmp_path / "cache"
    assert storage.fetch("artifacts/ab.zip", cache).read_text() == "{}"
    assert (storage.fetch("models/one", cache) / "adapters" / "weights").stat().st_size == 1000
    storage.delete("models/one")
    storage.delete("models/one")
    assert storage.exists("artifacts/ab.zip")
    assert not storage.exists("models/one")


def test_a_second_put_replaces_the_first(storage: Storage, source: Path, tmp_path: Path) -> None:
    for content in ("one", "two"):
        (source / "config.json").write_text(content)
        storage.put("model", source)
        storage.put("file", source / "config.json")
    assert (storage.fetch("model", tmp_path / "cache") / "config.json").read_text() == "two"
    assert storage.fetch("file", tmp_path / "cache").read_text() == "two"


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../../x", ".incoming/x"])
def test_a_key_cannot_lead_out(storage: Storage, source: Path, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        storage.put(key, source)


def test_whatever_a_remote_file_system_raises_is_a_storage_that_is_away(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients of object stores have errors of their own, which are no `OSError`s."""

    class NoCredentialsError(Exception):
        pass

    def refuse(*_: object, **__: object) -> None:
        raise NoCredentialsError

    storage = open_storage(f"local://{tmp_path / 'shared'}", tmp_path)
    for method in ("put", "get", "exists", "rm"):
        monkeypatch.setattr(type(storage._files), method, refuse)
    for act in (
        lambda: storage.put("file", source / "config.json"),
        lambda: storage.fetch("file", tmp_path / "cache"),
        lambda: storage.exists("file"),
        lambda: storage.delete("file"),
    ):
        with pytest.raises(StorageUnavailable, match="NoCredentialsError"):
            act()


def test_a_missing_key_says_so(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="gone"):
        storage.fetch("gone", tmp_path / "cache")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = FolderStorage(tmp_path / "kept")
    storage.put("file", source / "config.json")
    write(tmp_path / "note", b"before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfile", full)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageUnavailable, match="No space left"):
        storage.put("file", source / "config.json")
    with pytest.raises(StorageUnavailable, match="No space left"):
        write(tmp_path / "note", b"after")
    assert storage.path("file").read_text() == "{}"
    assert (tmp_path / "note").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir() if "note" in path.name] == ["note"]
    assert list((tmp_path / "kept" / ".incoming").iterdir()) == []
