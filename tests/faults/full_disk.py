"""A disk that is full in the middle of a commit, and in the middle of a file. Run inside a mount namespace.

    unshare --mount python tests/faults/full_disk.py FOLDER

Prints one JSON document.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import ledger

from daemon.domain.job import NewJob
from daemon.errors import StoreUnavailable
from daemon.storage import FolderStorage, StorageUnavailable
from daemon.store import migrate, queue
from daemon.store.engine import Store
from daemon.store.identity import own_identity
from daemon.store.opening import open_store

_DISK = "6m"
_BALLAST = 4_800_000


def commits(folder: Path) -> dict[str, Any]:
    """Enqueue, claim and complete until each of them has met the full disk; then make room and go on."""
    ballast = folder / "ballast"
    ballast.write_bytes(b"x" * _BALLAST)
    store = open_store(folder / "full.db", lock_seconds=5)
    migrate.upgrade(store)
    ledger.prepare(store)
    promised: list[int] = []
    refused = {"enqueue": _until_full(store, promised), "complete": 0, "claim": 0}
    refused["claim"], refused["complete"] = _work(store)
    met = ledger.verdict(store, promised)
    ballast.unlink()
    store.checkpoint()
    ledger.drain(store)
    found = ledger.verdict(store, promised)
    with store.read() as connection:
        attempts = {queue.show(connection, id_).attempt for id_ in promised}  # type: ignore[union-attr]
    store.close()
    return {
        "promised": len(promised),
        "refused": refused,
        "clean": met.clean and found.clean,
        "attempts": list(attempts),
    }


def _until_full(store: Store, promised: list[int]) -> int:
    refused = 0
    while refused < 3:
        try:
            with store.begin() as connection:
                added = queue.enqueue_many(connection, [NewJob(kind="analysis", payload={"text": "x" * 2000})] * 4)
        except StoreUnavailable:
            refused += 1
        else:
            promised += [each.id for each in added]
    return refused


def _work(store: Store) -> tuple[int, int]:
    """Refused claims and completions. A claim that was refused counts no attempt."""
    claims = completions = 0
    for _ in range(40):
        try:
            jobs = queue.claim(store, "analysis", own_identity(), limit=1)
        except StoreUnavailable:
            claims += 1
            continue
        for job in jobs:
            try:
                with store.begin() as connection:
                    ledger.write(connection, job)
                    queue.finish(connection, job, {"text": "x" * 50_000})
            except StoreUnavailable:
                completions += 1
                _give_back(store, job)
    return claims, completions


def _give_back(store: Store, job: Any) -> None:
    """As a worker does; it keeps trying, and here only what fits is tried."""
    try:
        with store.begin() as connection:
            queue.postpone(connection, job, "the disk is full", run_at=0.0)
    except StoreUnavailable:
        # The claim stays; a reaper would find that its worker lives.
        with store.read() as connection:
            assert queue.still_claimed(connection, job)


def files(folder: Path) -> dict[str, Any]:
    """Store a file that does not fit, over one that is there."""
    storage = FolderStorage(folder / "storage")
    source = folder.parent / "artifact.zip"
    source.write_bytes(b"old")
    storage.put("artifacts/one.zip", source)
    source.write_bytes(b"y" * 8_000_000)
    refused = ""
    try:
        storage.put("artifacts/one.zip", source)
    except StorageUnavailable as error:
        refused = str(error)
    kept = storage.fetch("artifacts/one.zip", folder).read_bytes() == b"old"
    left = [path.name for path in (folder / "storage" / ".incoming").iterdir()]
    return {"refused": refused, "kept": kept, "left": left}


def main(folder: Path) -> None:
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", disk], check=True)
    found = {"files": files(disk)}
    (disk / "storage" / "artifacts" / "one.zip").unlink()
    print(json.dumps({**found, "commits": commits(disk)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
