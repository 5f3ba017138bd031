"""The `indexing` job: new verified cases → the vector index.

Payload: none. The database keeps the vectors; the index on disk follows them and can be rebuilt at any time.
"""

from __future__ import annotations

from daemon.domain.job import Job, JobKind
from daemon.store import cases
from workers.index.vectors import to_bytes
from workers.jobs import similar
from workers.jobs.context import JobContext
from workers.jobs.registry import job

_BATCH = 64


@job(JobKind.INDEXING, concurrency=1)
def run(job: Job, context: JobContext) -> None:
    """Embed the cases that have no vector, then swap in an index that has them all."""
    del job
    name = context.settings.model.embedding
    with context.store.read() as conn:
        missing = [case for case in cases.load(conn, name) if case.vector is None]
    vectors: dict[int, bytes] = {}
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        rows = similar.embedder(context).embed([case.text for case in batch])
        vectors |= {case.id: to_bytes(row) for case, row in zip(batch, rows, strict=True)}
        context.progress(len(vectors) / len(missing), f"embedded {len(vectors)} of {len(missing)} cases")
    with context.transaction() as conn:
        cases.save_vectors(conn, vectors, name)
    context.result = {"embedded": len(vectors), "cases": len(similar.index(context))}
    with context.complete():
        pass
