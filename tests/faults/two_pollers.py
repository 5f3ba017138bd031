"""One of two processes that take in the same artifacts: `two_pollers.py URL STORAGE STAGING FILE…`."""

from __future__ import annotations

import sys
from pathlib import Path

from daemon.domain.artifact import ArtifactOrigin
from daemon.poll.enqueue import Provenance, ingest_path
from daemon.storage import open_storage
from daemon.store.opening import open_store


def main(url: str, storage: str, staging: str, *files: str) -> None:
    store = open_store(url)
    for file in files:
        where = Provenance(origin=ArtifactOrigin.MANUAL, repository="o/n", external_id=Path(file).name)
        ingest_path(store, open_storage(storage, Path(staging)), Path(staging), Path(file), where)
    store.close()
    print("{}")


if __name__ == "__main__":
    main(*sys.argv[1:])
