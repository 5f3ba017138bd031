"""The `training` job: examples → two-stage LoRA → evaluation by verification → promote or keep.

Payload: none. What serves now and the new adapter are asked to fix the same held-out findings, and every
edit is verified like any other fix.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

from daemon.domain.example import Example, Stage
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Verdict
from daemon.domain.job import Job, JobKind
from daemon.domain.release import Evaluation, Release
from daemon.errors import SourceUnavailable
from daemon.store import artifacts, examples, findings, releases
from daemon.store.releases import Loss
from workers.analysis.context import code_context
from workers.dataset.split import held_out, split
from workers.jobs import model, scanners
from workers.jobs.context import JobContext
from workers.jobs.registry import job
from workers.jobs.source import scanned_tree
from workers.llm.edit import EditQuestion
from workers.llm.locate import fine_tuned_models, model_directory
from workers.source.tree import SourceTree
from workers.training.evaluate import evaluate
from workers.training.promote import decide
from workers.training.stages import Progress
from workers.training.train import Trained, train
from workers.verify.verifier import Task

_TRAINED = 0.7
"""The share of the work that training is; the rest is evaluation."""


@job(JobKind.TRAINING, concurrency=1)
def run(job: Job, context: JobContext) -> None:
    """Train, measure, decide."""
    with context.store.read() as conn:
        known = split(examples.load(conn))
    base = model_directory(context.settings.model)
    trained = _train(known, base, job, context)
    questions, trees = _questions(known, context)
    before = _evaluate(questions, trees, base, model.adapter_of(base, context), context, _TRAINED)
    after = _evaluate(questions, trees, base, trained.path, context, (1 + _TRAINED) / 2)
    decision = decide(before, after)
    release = Release(
        name=trained.name,
        path=str(trained.path),
        base_model=base.name,
        state=decision.state,
        reason=decision.reason,
        stages=trained.stages,
        base_evaluation=before,
        evaluation=after,
        created_at=dt.datetime.now(dt.UTC),
    )
    context.result = {"release": release.name, "state": release.state, "reason": release.reason}
    model.keep(release.name, trained.path, context)
    with context.complete() as conn:
        releases.save(conn, release)
        releases.name_losses(conn, f"job-{job.id}", release.name)
        examples.mark_trained(conn, [example.id for example in known], release.name)


def _train(known: Sequence[Example], base: Path, job: Job, context: JobContext) -> Trained:
    settings = context.settings.training
    total = settings.stage1_iterations + settings.stage2_iterations

    def on_progress(progress: Progress) -> None:
        done = progress.iteration + (settings.stage1_iterations if progress.stage == Stage.CODE_FIX else 0)
        note = f"{progress.stage} {progress.iteration}/{progress.iterations}: {progress.kind} loss {progress.loss:.3f}"
        context.progress(_TRAINED * done / total, note)
        loss = Loss(progress.stage, progress.iteration, progress.kind, progress.loss)
        with context.transaction() as conn:
            releases.save_losses(conn, f"job-{job.id}", [loss])

    return train(
        known,
        base=base,
        output=fine_tuned_models(context.settings.model),
        work=context.paths.staging / "training",
        name=base.name,
        settings=settings,
        on_progress=on_progress,
    )


def _questions(known: Sequence[Example], context: JobContext) -> tuple[list[EditQuestion], dict[str, SourceTree]]:
    """Held-out findings whose code is to be had, as many as are wanted, and the tree of each by its finding."""
    with context.store.read() as conn:
        stored = findings.load(conn, held_out(known))
        uploads = {one.artifact_id: artifacts.get(conn, one.artifact_id) for one in stored}
    trees = {number: scanned_tree(upload, context.paths) for number, upload in uploads.items()}
    questions: list[EditQuestion] = []
    chosen: dict[str, SourceTree] = {}
    for one in stored:
        if len(questions) == context.settings.training.evaluation_findings:
            break
        tree = trees[one.artifact_id]
        surrounding = code_context(one.finding, tree, lines=context.settings.analysis.context_lines)
        try:
            content = tree.read(surrounding.path) if surrounding else None
        except SourceUnavailable:
            continue
        if surrounding is not None and content is not None:
            questions.append(EditQuestion(finding=one.finding, context=surrounding, content=content))
            chosen[_key(one.finding)] = tree
    return questions, chosen


def _evaluate(
    questions: Sequence[EditQuestion],
    trees: dict[str, SourceTree],
    base: Path,
    adapter: Path | None,
    context: JobContext,
    done: float,
) -> Evaluation:
    verifier = scanners.verifier(context)

    def verify(tried: Sequence[tuple[Finding, Candidate]]) -> Sequence[Verdict]:
        tasks = [Task(finding=one, candidate=candidate, tree=trees[_key(one)]) for one, candidate in tried]
        return verifier.verify(tasks)

    loaded = model.load(base, adapter, context.settings.analysis.batch_size)
    who = "the tuned model" if done > _TRAINED else "what serves now"
    context.progress(done, f"asking {who} to fix {len(questions)} held-out findings")
    return evaluate(questions, loaded, verify, max_tokens=context.settings.enrichment.max_new_tokens)


def _key(finding: Finding) -> str:
    return msgspec.json.encode(finding).decode()
