"""held-out findings + a model → how many of its edits pass verification, and its loss on general text."""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Sequence

from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Level, Verdict
from daemon.domain.release import Evaluation
from workers.llm.edit import EditQuestion, propose_edits
from workers.llm.model import TextModel
from workers.llm.prompts import EDIT_TOKENS

Verify = Callable[[Sequence[tuple[Finding, Candidate]]], Sequence[Verdict]]
"""Candidates with the findings they should end → a verdict each, in order; batched, because scanners start slowly."""

_GENERAL = "general.txt"


def evaluate(
    questions: Sequence[EditQuestion],
    model: TextModel,
    verify: Verify,
    *,
    max_tokens: int = EDIT_TOKENS,
    on_done: Callable[[int], None] | None = None,
) -> Evaluation:
    """Ask for an edit of every held-out finding and verify each as any other fix.

    The rate's denominator is every finding asked about: a reply that is no edit counts as a failure.
    """
    proposals = propose_edits(questions, model, max_tokens=max_tokens, on_done=on_done)
    candidates = [
        (question.finding, proposal.candidate)
        for question, proposal in zip(questions, proposals, strict=True)
        if proposal.candidate is not None
    ]
    verdicts = verify(candidates) if candidates else ()
    return Evaluation(
        model=model.name,
        attempted=len(questions),
        applies=sum(verdict.level >= Level.APPLIES for verdict in verdicts),
        verified=sum(verdict.verified for verdict in verdicts),
        general_loss=model.loss(general_texts()),
    )


def general_texts() -> list[str]:
    """Paragraphs that have nothing to do with findings: a model that got worse at them has forgotten."""
    text = importlib.resources.files(__package__).joinpath(_GENERAL).read_text(encoding="utf-8")
    return [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip()]
