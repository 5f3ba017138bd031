"""Candidates that were learned: proven cases like a finding, from the vector index, and the model's own edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.domain.analysis import CodeContext
from daemon.domain.artifact import Artifact
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Fix
from daemon.errors import ModelUnavailable, SourceUnavailable
from daemon.events import emit
from daemon.masking import mask
from daemon.store import cases
from workers.analysis.context import code_context
from workers.index.adapt import adapt
from workers.index.embed import Embedder, load_embedder
from workers.index.vectors import VectorIndex, open_index, search, to_bytes
from workers.jobs import model
from workers.jobs.context import JobContext
from workers.llm.edit import EditQuestion, propose_edits
from workers.llm.locate import base_models
from workers.source.tree import SourceTree

_BATCH = 64
_embedders: dict[str, Embedder] = {}


def text(finding: Finding, surrounding: CodeContext | None) -> str:
    """What a case is found by: the weakness, and the code before it was fixed; secrets masked."""
    return mask("\n".join((finding.rule, finding.title or finding.message, surrounding.text if surrounding else "")))


def embedder(context: JobContext) -> Embedder:
    """The embedding model, loaded once in the life of this process.

    Raises:
        ModelUnavailable: it is not on this machine.
    """
    name = context.settings.model.embedding
    if name not in _embedders:
        _embedders[name] = load_embedder(name, base_models(context.settings.model))
    return _embedders[name]


def embed_missing(context: JobContext) -> int:
    """Give every case that has no vector of the embedding model its own; how many there were.

    Raises:
        ModelUnavailable: the embedding model is not on this machine.
    """
    name = context.settings.model.embedding
    with context.store.read() as conn:
        missing = [case for case in cases.load(conn, name) if case.vector is None]
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        rows = embedder(context).embed([case.text for case in batch])
        with context.transaction() as conn:
            cases.save_vectors(conn, {case.id: to_bytes(row) for case, row in zip(batch, rows, strict=True)}, name)
        done = start + len(batch)
        context.progress(done / len(missing), f"embedded {done} of {len(missing)} cases")
    return len(missing)


def index(context: JobContext) -> VectorIndex:
    """The index of every case that is embedded, loaded or rebuilt from the database."""
    name = context.settings.model.embedding
    with context.store.read() as conn:
        vectors = {case.id: case.vector for case in cases.load(conn, name) if case.vector is not None}
    found, how = open_index(context.paths.index, vectors, name)
    emit("index.opened", cases=len(found), how=how)
    return found


def candidates(
    findings: Mapping[str, Finding], artifact: Artifact, tree: SourceTree, context: JobContext
) -> dict[str, list[Candidate]]:
    """Finding id → candidates from cases and from the model, for findings that nothing else could fix.

    Only cases count that were proven before the artifact came in. Those of its own batch are proven at the same
    time, by jobs in whatever order, and what comes of a run must not hang on which of them was killed.
    """
    questions = {one: question for one in findings if (question := _question(findings[one], tree, context))}
    if not questions:
        return {}
    found = _cases(questions, artifact, context)
    asked = list(questions)[: context.settings.enrichment.model_findings]
    serving = model.serving(context) if asked else None
    if serving is not None and serving.model is not None:
        proposals = propose_edits(
            [questions[one] for one in asked], serving.model, max_tokens=context.settings.enrichment.max_new_tokens
        )
        for one, proposal in zip(asked, proposals, strict=True):
            if proposal.candidate is not None:
                found.setdefault(one, []).append(proposal.candidate)
    return found


def _question(finding: Finding, tree: SourceTree, context: JobContext) -> EditQuestion | None:
    """The finding with its code; None where there is none."""
    surrounding = code_context(finding, tree, lines=context.settings.analysis.context_lines)
    if surrounding is None:
        return None
    try:
        return EditQuestion(finding=finding, context=surrounding, content=tree.read(surrounding.path))
    except SourceUnavailable:
        return None


def _cases(
    questions: Mapping[str, EditQuestion], artifact: Artifact, context: JobContext
) -> dict[str, list[Candidate]]:
    wanted = context.settings.enrichment.similar_cases
    with context.store.read() as conn:
        known = cases.proven_before(conn, artifact.created_at) if wanted else []
    if not known:
        return {}
    texts = [text(question.finding, question.context) for question in questions.values()]
    try:
        embed_missing(context)
        hits = search(index(context), embedder(context), texts, wanted, known)
    except ModelUnavailable as error:
        emit("index.unavailable", level="warning", reason=str(error))
        return {}
    with context.store.read() as conn:
        proven = cases.fixes_of(conn, {hit.id for each in hits for hit in each})
    nearest = {one: [hit.id for hit in each] for one, each in zip(questions, hits, strict=True)}
    return {
        one: _adapted(questions[one], [proven[case][1] for case in near if case in proven])
        for one, near in nearest.items()
    }


def _adapted(question: EditQuestion, fixes: Sequence[Fix]) -> list[Candidate]:
    made = [adapt(fix, question.finding, question.context.path, question.content) for fix in fixes]
    return [candidate for candidate in made if candidate is not None]
