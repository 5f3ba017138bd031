"""The `analysis` job: artifact → findings → analyses.

Payload: `{"artifact_id": int}`. Every file and raw row of the artifact is accounted for. A report that
cannot be read leaves its job dead, with what the other reports said saved all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from daemon.domain.analysis import Analysis
from daemon.domain.finding import Finding
from daemon.domain.job import Job, JobKind, NewJob
from daemon.domain.scan import FileAccount, KeptFinding
from daemon.store import analyses, artifacts, lifecycle, queue
from workers.analysis.context import code_context
from workers.analysis.explain import explain
from workers.analysis.rule import advised
from workers.fixers.propose import fixers_for
from workers.jobs import model
from workers.jobs.context import JobContext
from workers.jobs.registry import job
from workers.jobs.scan import read_scan
from workers.jobs.source import renamed_files, scanned_tree
from workers.source.tree import SourceTree
from workers.triage.groups import batches

if TYPE_CHECKING:
    from sqlalchemy import Connection

_READ = 0.1
"""The share of the work that reading is; the rest is asking the model."""


@job(JobKind.ANALYSIS)
def run(job: Job, context: JobContext) -> None:
    """Read an artifact's reports, explain its findings, and hand them on to be fixed."""
    with context.store.read() as conn:
        artifact = artifacts.get(conn, job.payload["artifact_id"])
        first_paths = artifacts.first_paths(conn, artifact.repository or "")
        commit_before = artifacts.commit_before(conn, artifact)
    context.progress(0.0, f"reading {artifact.name}")
    tree = scanned_tree(artifact, context.paths)
    renamed = renamed_files(tree, commit_before, first_paths)
    scan = read_scan(artifact, tree, context, first_paths | renamed)
    explained = _explain(scan.findings, tree, context)
    broken = "; ".join(_told(file) for file in scan.broken)
    context.result = {"files": len(scan.files), "findings": len(scan.findings), "broken": len(scan.broken)}
    with context.complete(dead=broken or None) as conn:
        wanted = lifecycle.save_scan(conn, artifact, scan)
        artifacts.save_accounts(conn, artifact.id, scan.files)
        artifacts.save_renames(conn, artifact.repository or "", renamed)
        analyses.save(conn, explained)
        chosen = set(wanted)
        kept = {one.id: one.finding for one in scan.findings if one.id in chosen}
        _enqueue(conn, artifact.id, batches(kept, context.settings.enrichment.batch_size))


def _told(file: FileAccount) -> str:
    reason = file.reason or "it cannot be read"
    return reason if reason.startswith(file.path) else f"{file.path}: {reason}"


def _explain(kept: Sequence[KeptFinding], tree: SourceTree, context: JobContext) -> dict[str, Analysis]:
    """Finding id → its analysis; the model is loaded only where there is something to ask."""
    if not kept:
        return {}
    settings = context.settings.analysis
    items = [(one.finding, code_context(one.finding, tree, lines=settings.context_lines)) for one in kept]
    serving = model.serving(context)

    def lookup(keys: Sequence[str]) -> Mapping[str, Analysis]:
        with context.store.read() as conn:
            return analyses.cached(conn, keys)

    def remember(answered: Mapping[str, Analysis]) -> None:
        with context.store.begin() as conn:
            analyses.remember(conn, answered)

    def on_progress(done: int, total: int) -> None:
        context.progress(_READ + (1 - _READ) * done / max(total, 1), f"explained {done} of {total}")

    made = explain(
        items,
        serving.model,
        settings=settings,
        lookup=lookup,
        remember=remember,
        on_progress=on_progress,
        **({"why_no_model": serving.problem} if serving.problem else {}),
    )
    return {one.id: advised(analysis, _advice(one.finding)) for one, analysis in zip(kept, made, strict=True)}


def _advice(finding: Finding) -> str:
    """What the first fixer that knows the rule says about it."""
    return next((one.explain for one in fixers_for(finding)), "")


def _enqueue(conn: Connection, artifact_id: int, wanted: Sequence[Sequence[str]]) -> None:
    """One enrichment job for each batch of findings."""
    for number, batch in enumerate(wanted):
        payload = {"artifact_id": artifact_id, "finding_ids": list(batch)}
        key = f"enrichment:{artifact_id}:{number}"
        queue.enqueue(conn, NewJob(kind=JobKind.ENRICHMENT, payload=payload, unique_key=key))
