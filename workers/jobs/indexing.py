"""The `indexing` job: new verified cases → the vector index.

Payload: none. The database keeps the vectors; the index on disk follows them and can be rebuilt at any time.
"""

from __future__ import annotations

from daemon.domain.job import Job, JobKind
from workers.jobs import similar
from workers.jobs.context import JobContext
from workers.jobs.registry import job


@job(JobKind.INDEXING, concurrency=1)
def run(job: Job, context: JobContext) -> None:
    """Embed the cases that have no vector, then swap in an index that has them all."""
    del job
    embedded = similar.embed_missing(context)
    context.result = {"embedded": embedded, "cases": len(similar.index(context))}
    with context.complete():
        pass
