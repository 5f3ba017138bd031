"""The `enrichment` job: a batch of findings → candidate fixes → verified fixes → training examples.

Payload: `{"artifact_id": int, "finding_ids": [str]}`. Every finding ends with a verified fix or with the
reason why there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from daemon.domain.analysis import Analysis
from daemon.domain.artifact import Artifact
from daemon.domain.example import Example
from daemon.domain.job import Job, JobKind, NewJob
from daemon.errors import SourceUnavailable
from daemon.store import analyses, artifacts, cases, examples, findings, fixes, queue
from daemon.store.findings import StoredFinding
from workers.analysis.context import code_context
from workers.dataset.examples import Material, make_examples
from workers.jobs import scanners, similar
from workers.jobs.context import JobContext
from workers.jobs.registry import job
from workers.jobs.source import scanned_tree
from workers.repair.item import Item, Options
from workers.repair.repair import repair
from workers.source.tree import SourceTree

if TYPE_CHECKING:
    from sqlalchemy import Connection


@job(JobKind.ENRICHMENT)
def run(job: Job, context: JobContext) -> None:
    """Propose, verify, and learn from what was verified."""
    with context.store.read() as conn:
        artifact = artifacts.get(conn, job.payload["artifact_id"])
        stored = findings.load(conn, job.payload["finding_ids"])
        explained = analyses.load(conn, [one.id for one in stored])
    context.progress(0.0, f"proposing fixes for {len(stored)} findings")
    tree = scanned_tree(artifact, context.paths)
    items = _repaired(stored, artifact, tree, context)
    materials = [_material(item, tree, explained.get(item.id), context) for item in items]
    made = make_examples(materials)
    fixed = sum(bool(item.verified) for item in items)
    context.result = {"findings": len(items), "with_verified_fix": fixed, "examples": len(made)}
    with context.complete() as conn:
        _save(conn, items, materials, made)
        _follow_up(conn, context)


def _repaired(stored: Sequence[StoredFinding], artifact: Artifact, tree: SourceTree, context: JobContext) -> list[Item]:
    """Deterministic fixers and the scanners' own fixes first; what was learned is tried on the rest."""

    def say(line: str) -> None:
        context.progress(0.5, line)

    verifier, here = scanners.verifier(context), scanners.here(context)
    items = [Item(id=one.id, finding=one.finding) for one in stored]
    items = repair(items, tree, verifier, here, Options(), say)
    rest = {item.id: item.finding for item in items if not item.verified}
    learned = similar.candidates(rest, artifact, tree, context)
    again = [item for item in items if item.id in learned]
    better = {item.id: item for item in repair(again, tree, verifier, here, Options(), say, more=learned)}
    return [better.get(item.id, item) for item in items]


def _material(item: Item, tree: SourceTree, analysis: Analysis | None, context: JobContext) -> Material:
    surrounding = code_context(item.finding, tree, lines=context.settings.analysis.context_lines)
    try:
        content = tree.read(surrounding.path) if surrounding else None
    except SourceUnavailable:
        content = None
    return Material(
        finding_id=item.id,
        finding=item.finding,
        context=surrounding,
        content=content,
        analysis=analysis,
        fixes=item.fixes,
    )


def _save(conn: Connection, items: Sequence[Item], materials: Sequence[Material], made: Sequence[Example]) -> None:
    proven: dict[str, str] = {}
    for item, material in zip(items, materials, strict=True):
        ids = fixes.save(conn, item.id, item.fixes)
        findings.set_outcome(conn, item.id, fixed=bool(item.verified), reason=item.reason)
        if item.verified and item.fixes[0].verdict.verified:
            proven[ids[0]] = similar.text(item.finding, material.context)
    cases.add(conn, proven)
    examples.add(conn, made)


def _follow_up(conn: Connection, context: JobContext) -> None:
    """New cases are indexed together; enough new examples train the model, once the batch is over (`FED_BY`)."""
    queue.enqueue(conn, NewJob(kind=JobKind.INDEXING, unique_key="indexing", coalesce=True))
    if examples.untrained(conn) >= context.settings.training.min_new_examples:
        queue.enqueue(conn, NewJob(kind=JobKind.TRAINING, unique_key="training", coalesce=True))
