"""Candidates that were learned: proven cases like a finding, from the vector index, and the model's own edits."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.domain.analysis import CodeContext
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate
from daemon.errors import ModelUnavailable, SourceUnavailable
from daemon.events import emit
from daemon.masking import mask
from daemon.store import cases
from workers.analysis.context import code_context
from workers.index.adapt import adapt
from workers.index.embed import Embedder, load_embedder
from workers.index.vectors import VectorIndex, open_index, search
from workers.jobs import model
from workers.jobs.context import JobContext
from workers.llm.edit import EditQuestion, propose_edits
from workers.llm.locate import base_models
from workers.source.tree import SourceTree

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


def index(context: JobContext) -> VectorIndex:
    """The index of every case that is embedded, loaded or rebuilt from the database."""
    name = context.settings.model.embedding
    with context.store.read() as conn:
        vectors = {case.id: case.vector for case in cases.load(conn, name) if case.vector is not None}
    found, how = open_index(context.paths.index, vectors, name)
    emit("index.opened", cases=len(found), how=how)
    return found


def candidates(findings: Mapping[str, Finding], tree: SourceTree, context: JobContext) -> dict[str, list[Candidate]]:
    """Finding id → candidates from cases and from the model, for findings that nothing else could fix."""
    questions = {one: question for one in findings if (question := _question(findings[one], tree, context))}
    if not questions:
        return {}
    found = {one: _cases(question, context) for one, question in questions.items()} if _any_case(context) else {}
    asked = list(questions)[: context.settings.enrichment.model_findings]
    serving = model.serving(context) if asked else None
    if serving is not None and serving.model is not None:
        proposals = propose_edits([questions[one] for one in asked], serving.model)
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


def _any_case(context: JobContext) -> bool:
    if not context.settings.enrichment.similar_cases:
        return False
    with context.store.read() as conn:
        return cases.embedded(conn, context.settings.model.embedding) > 0


def _cases(question: EditQuestion, context: JobContext) -> list[Candidate]:
    try:
        wanted = text(question.finding, question.context)
        hits = search(index(context), embedder(context), wanted, context.settings.enrichment.similar_cases)
    except ModelUnavailable as error:
        emit("index.unavailable", level="warning", reason=str(error))
        return []
    with context.store.read() as conn:
        proven = cases.fixes_of(conn, [hit.id for hit in hits])
    path = question.context.path
    adapted = [adapt(proven[hit.id][1], question.finding, path, question.content) for hit in hits if hit.id in proven]
    return [candidate for candidate in adapted if candidate is not None]
