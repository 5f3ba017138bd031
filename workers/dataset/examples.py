"""findings + analyses + verified fixes → training examples. Nothing that was not verified is learned.

An analysis example exists only for a finding with a verified fix: the fix's explanation is its remediation. A
code-fix example is the best verified edit of one file, in the shape that a model is masked to.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator

import msgspec

from daemon.domain.analysis import Analysis, AnalysisSource, CodeContext
from daemon.domain.edits import apply_edits
from daemon.domain.example import Example, Stage
from daemon.domain.finding import Finding
from daemon.domain.fix import Fix
from daemon.errors import EditConflict
from daemon.masking import mask
from workers.llm import edit
from workers.llm.prompts import analysis_prompt, edit_prompt

_SENTENCE = 200
_SURE = 0.7
"""Confidence from which a model's own impact and prevention are kept."""


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one finding."""

    finding_id: str
    finding: Finding
    context: CodeContext | None = None
    content: bytes | None = None
    """Of the file `context.path` at the scanned commit."""
    analysis: Analysis | None = None
    fixes: tuple[Fix, ...] = ()


def make_examples(materials: Iterable[Material]) -> list[Example]:
    """Material → examples of both stages, without duplicates, ordered by id."""
    made = {example.id: example for material in materials for example in _examples(material)}
    return [made[name] for name in sorted(made)]


def cluster(finding: Finding, context: CodeContext | None) -> str:
    """`RULE:HASH` of rule and normalised code (or message, where there is no code): what must not be split."""
    code = context.text if context else finding.message
    return f"{finding.tool}/{finding.rule}:{_hash(normalised(code))}"


def normalised(code: str) -> str:
    """Code without what differs between copies: letter case, spacing and numbers."""
    return re.sub(r"\d+", "0", re.sub(r"\s+", " ", code)).strip().lower()


def _examples(material: Material) -> Iterator[Example]:
    verified = [fix for fix in material.fixes if fix.verdict.verified]
    if not verified:
        return
    best = max(verified, key=lambda fix: (fix.verdict.score, fix.verdict.level, -len(fix.candidate.edits)))
    score = best.verdict.score
    prompt = analysis_prompt(material.finding, material.context)
    yield from _example(material, Stage.ANALYSIS, prompt, _explanation(material, best), score)
    reply = _edit(material, best)
    if reply is not None and material.context is not None:
        prompt = edit_prompt(material.finding, material.context)
        yield from _example(material, Stage.CODE_FIX, prompt, reply, score)


def _example(material: Material, stage: Stage, prompt: str, reply: str, score: float) -> Iterator[Example]:
    if mask(reply) != reply:  # a masked reply would teach the model to write masks
        return
    yield Example(
        id=hashlib.sha256("\0".join((stage, prompt, reply)).encode()).hexdigest(),
        stage=stage,
        prompt=prompt,
        completion=reply,
        cluster=cluster(material.finding, material.context),
        finding_id=material.finding_id,
        score=score,
    )


def _explanation(material: Material, fix: Fix) -> str:
    finding, analysis = material.finding, _trusted(material.analysis)
    said = {
        "impact": analysis.impact if analysis else finding.message,
        "remediation": _sentence(fix.candidate.explanation),
        "prevention": analysis.prevention if analysis else f"Run {finding.tool} on every change.",
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _trusted(analysis: Analysis | None) -> Analysis | None:
    """A rule's help, or a reply that its model was sure of: a model is not taught its own guesses."""
    sure = analysis and (analysis.source is AnalysisSource.RULE or analysis.confidence >= _SURE)
    return analysis if sure else None


def _edit(material: Material, fix: Fix) -> str | None:
    """The reply that makes these edits; none where a model could not write them: two files, or code it is not shown."""
    context, content, edits = material.context, material.content, fix.candidate.edits
    if context is None or content is None or fix.candidate.paths != (context.path,):
        return None
    try:
        changes = edit.to_changes(content, edits, context)
        again = edit.to_edits(context.path, content, changes, context)
        if apply_edits(content, again) != apply_edits(content, edits):
            return None
    except EditConflict:
        return None
    return edit.completion(changes, _sentence(fix.candidate.explanation))


def _sentence(text: str) -> str:
    """The first sentence, bounded."""
    first = re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0]
    return first if len(first) <= _SENTENCE else f"{first[: _SENTENCE - 1]}…"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
