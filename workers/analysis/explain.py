"""findings with their code → analyses: cached ones first, the rest asked in batches, each question once.

Works without a model, and says so: the rule's own help stands in, marked as such.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.analysis import Analysis, AnalysisSource, CodeContext
from daemon.domain.finding import Finding
from daemon.masking import mask
from daemon.settings import AnalysisSettings
from workers.analysis.quality import fault
from workers.analysis.rule import from_rule
from workers.llm.ask import ask
from workers.llm.model import Question, Reply, TextModel
from workers.llm.prompts import VERSION, analysis_prompt, analysis_schema

Item = tuple[Finding, CodeContext | None]
Lookup = Callable[[Sequence[str]], Mapping[str, Analysis]]
Remember = Callable[[Mapping[str, Analysis]], None]
Progress = Callable[[int, int], None]

NO_MODEL = "no model was asked: none is installed (`secaid setup`)"
NOT_ASKED = "no model was asked: worse findings of this artifact came first (analysis.model_findings)"
NO_CODE = "no model was asked: there is no code of it to show (analysis.without_code)"
_SENTENCE_END = re.compile(r"[.!?](?=\s)")


def explain(
    items: Sequence[Item],
    model: TextModel | None,
    *,
    settings: AnalysisSettings,
    lookup: Lookup = lambda _keys: {},
    remember: Remember = lambda _answered: None,
    on_progress: Progress = lambda _done, _total: None,
    why_no_model: str = NO_MODEL,
) -> list[Analysis]:
    """Findings → one analysis each, in order.

    `lookup` finds earlier replies by content-addressed key and `remember` keeps new ones after every batch, so
    that a run that was killed asks nothing twice. `on_progress` is told how many questions are answered, of
    how many. Findings beyond `settings.model_findings`, without code where `settings.without_code` is off, and
    replies that are invalid or say nothing, get their rule's own help.
    """
    if model is None:
        return [from_rule(finding, why_no_model) for finding, _ in items]
    shown = [at for at, (_, code) in enumerate(items) if code is not None or settings.without_code]
    questions = {at: _question(model, items[at], settings) for at in _worst(items, shown, settings.model_findings)}
    unique = {question.key: question for question in questions.values()}
    known = dict(lookup(list(unique)))
    for batch in _batches([unique[key] for key in unique if key not in known], settings.batch_size):
        on_progress(len(known), len(unique))
        answered = _ask(batch, model, settings)
        remember(answered)
        known |= answered
    on_progress(len(unique), len(unique))
    return [
        _answer(finding, known[questions[at].key])
        if at in questions
        else from_rule(finding, NOT_ASKED if code is not None or settings.without_code else NO_CODE)
        for at, (finding, code) in enumerate(items)
    ]


def question_key(model: TextModel, prompt: str, settings: AnalysisSettings) -> str:
    """SHA-256 of everything that the reply depends on: model and adapter, prompt, and parameters."""
    asked = (model.identity, VERSION, settings.max_new_tokens, prompt)
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


class _Asked(msgspec.Struct, frozen=True):
    key: str
    prompt: str
    item: Item
    """One of the findings that ask it."""


def _question(model: TextModel, item: Item, settings: AnalysisSettings) -> _Asked:
    prompt = analysis_prompt(*item)
    return _Asked(question_key(model, prompt, settings), prompt, item)


def _ask(batch: Sequence[_Asked], model: TextModel, settings: AnalysisSettings) -> dict[str, Analysis]:
    """What to keep for each question; where the reply must not be shown, its rule's help: it is not asked again."""
    schema = analysis_schema(settings.max_new_tokens)
    replies = ask(
        model,
        [Question(question.prompt, schema) for question in batch],
        max_tokens=settings.max_new_tokens,
    )
    return {question.key: _kept(question, reply, model) for question, reply in zip(batch, replies, strict=True)}


def _kept(question: _Asked, reply: Reply, model: TextModel) -> Analysis:
    answers = {name: _tidy(text) for name, text in (reply.value or {}).items()}
    reason = reply.reason or fault(answers, *question.item, reply.confidence)
    if reason:
        refused = from_rule(question.item[0], f"{model.name} gave no usable reply: {reason}")
        return msgspec.structs.replace(refused, model=model.name, prompt_sha256=question.key)
    said = msgspec.convert(answers, Analysis)
    confidence = round(reply.confidence, 3)
    return msgspec.structs.replace(said, confidence=confidence, model=model.name, prompt_sha256=question.key)


def _answer(finding: Finding, kept: Analysis) -> Analysis:
    """The kept analysis; another finding with the same question still gets its own rule's help."""
    if kept.source is AnalysisSource.MODEL:
        return kept
    own = from_rule(finding, kept.note or "")
    return msgspec.structs.replace(own, model=kept.model, prompt_sha256=kept.prompt_sha256)


def _batches(questions: Sequence[_Asked], size: int) -> Iterator[Sequence[_Asked]]:
    for start in range(0, len(questions), size):
        yield questions[start : start + size]


def _worst(items: Sequence[Item], among: Sequence[int], limit: int) -> Iterable[int]:
    """Of these positions the `limit` with the most severe findings, of equals the first; all of them for 0."""
    ranked = sorted(among, key=lambda at: -items[at][0].severity.rank)
    return ranked[:limit] if limit else ranked


def _tidy(text: str) -> str:
    """The text in one line, secrets masked; a sentence that its limit cut off is left out, or ends in an ellipsis."""
    text = mask(" ".join(text.split()))
    if not text or text[-1] in ".!?)`'\"":
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else f"{text}…"
