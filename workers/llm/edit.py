"""Edits as a model writes them: old text and new text, found again in the file's bytes, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

import msgspec

from daemon.domain.analysis import CodeContext
from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Edit, FixSource
from daemon.errors import EditConflict
from daemon.masking import MASK
from workers.llm.ask import ask
from workers.llm.model import Question, Reply, TextModel
from workers.llm.prompts import EDIT_TOKENS, edit_prompt, edit_schema

APPROACH = "model-edit"
_MAX_ANCHOR_LINES = 12


class Change(msgspec.Struct, frozen=True):
    r"""Text that occurs once in the code, and what replaces it; lines end with `\n` whatever the file's do."""

    old: str
    new: str


class EditQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """One finding that a model is asked to end."""

    finding: Finding
    context: CodeContext
    content: bytes
    """Of the file `context.path`, at the scanned commit."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Exactly one of the two is set."""

    candidate: Candidate | None = None
    reason: str | None = None
    """Why there is no candidate, as a sentence."""


def propose_edits(
    questions: Sequence[EditQuestion],
    model: TextModel,
    *,
    max_tokens: int = EDIT_TOKENS,
    on_done: Callable[[int], None] | None = None,
) -> list[Proposal]:
    """Questions → one proposal each, in order, of about `max_tokens` at most. Nothing is verified or applied here."""
    proposals: dict[int, Proposal] = {}
    asked: dict[int, Question] = {}
    for number, question in enumerate(questions):
        try:
            schema = edit_schema(question.context, max_tokens)
        except ValueError as error:
            proposals[number] = Proposal(reason=str(error))
        else:
            asked[number] = Question(edit_prompt(question.finding, question.context), schema)
    replies = ask(model, list(asked.values()), max_tokens=max_tokens, on_done=on_done)
    for number, reply in zip(asked, replies, strict=True):
        proposals[number] = _proposal(questions[number], reply, model.name)
    return [proposals[number] for number in range(len(questions))]


def to_edits(path: str, content: bytes, changes: Iterable[Change], context: CodeContext) -> tuple[Edit, ...]:
    """Where the changes lie in the file. Text is looked for in the context's lines only.

    Raises:
        EditConflict: an old text is not there, is there twice, or was masked; two changes overlap; or
            nothing would change.
    """
    start, end = _span(content, context)
    crlf = b"\r\n" in content
    edits = tuple(sorted(_located(path, content[start:end], change, start, crlf=crlf) for change in changes))
    if apply_edits(content, edits) == content:
        message = f"{path}: the edit changes nothing"
        raise EditConflict(message)
    return edits


def to_changes(content: bytes, edits: Iterable[Edit], context: CodeContext) -> tuple[Change, ...]:
    """The same edits of one file as a model should write them: whole lines, as many as make the old text unique.

    Raises:
        EditConflict: an edit lies outside of the context, or no few lines around it are unique there.
    """
    within = _span(content, context)
    groups: list[tuple[int, int, list[Edit]]] = []
    for edit in sorted(edits):
        low, high, group = *_unique_lines(content, edit, within), [edit]
        while groups and groups[-1][1] >= low:
            before = groups.pop()
            low, high, group = min(before[0], low), max(before[1], high), before[2] + group
        groups.append((low, high, group))
    return tuple(_change(content, *group) for group in groups)


def completion(changes: Sequence[Change], explanation: str) -> str:
    """The reply that says so, in the shape that the schema masks to."""
    edits = [{"old": change.old, "new": change.new} for change in changes]
    return json.dumps({"edits": edits, "explanation": explanation}, ensure_ascii=False, separators=(",", ":"))


def _proposal(question: EditQuestion, reply: Reply, model: str) -> Proposal:
    if reply.value is None:
        return Proposal(reason=reply.reason)
    changes = [Change(edit["old"], edit["new"]) for edit in reply.value["edits"]]
    try:
        edits = to_edits(question.context.path, question.content, changes, question.context)
    except EditConflict as error:
        return Proposal(reason=str(error))
    return Proposal(
        candidate=Candidate(
            approach=APPROACH,
            source=FixSource.MODEL,
            fixer=model,
            edits=edits,
            explanation=reply.value["explanation"],
            warnings=("A language model wrote this edit: read it before you apply it.",),
        )
    )


def _located(path: str, part: bytes, change: Change, offset: int, *, crlf: bool) -> Edit:
    if MASK in change.old or MASK in change.new:
        message = f"{path}: the edit needs a secret that was masked"
        raise EditConflict(message)
    old, new = (text.replace("\n", "\r\n") if crlf else text for text in (change.old, change.new))
    wanted = old.encode()
    at = part.find(wanted)
    if not wanted or at < 0 or part.rfind(wanted) != at:
        message = f"{path}: the text to replace is {'not' if at < 0 else 'not once'} in the code: {change.old[:60]!r}"
        raise EditConflict(message)
    return Edit(path=path, start=offset + at, end=offset + at + len(wanted), text=new)


def _span(content: bytes, context: CodeContext) -> tuple[int, int]:
    """Byte offsets of the context's lines."""
    starts = _line_starts(content)
    first = min(context.start_line, len(starts)) - 1
    last = min(first + context.text.count("\n") + 1, len(starts))
    return starts[first], starts[last] if last < len(starts) else len(content)


def _change(content: bytes, low: int, high: int, edits: Iterable[Edit]) -> Change:
    moved = [msgspec.structs.replace(edit, start=edit.start - low, end=edit.end - low) for edit in edits]
    return Change(_text(content[low:high]), _text(apply_edits(content[low:high], moved)))


def _unique_lines(content: bytes, edit: Edit, within: tuple[int, int]) -> tuple[int, int]:
    """The fewest whole lines around an edit whose text occurs once in `within`."""
    if not within[0] <= edit.start <= edit.end <= within[1]:
        message = f"{edit.path}: the edit lies outside of the code that a model is shown"
        raise EditConflict(message)
    low = content.rfind(b"\n", within[0], edit.start) + 1 or within[0]
    high = _line_end(content, max(edit.end, low), within[1])
    for _ in range(_MAX_ANCHOR_LINES):
        if high > low and content.find(content[low:high], *within) == content.rfind(content[low:high], *within):
            return low, high
        low = content.rfind(b"\n", within[0], max(low - 1, within[0])) + 1 or within[0]
        high = _line_end(content, min(high + 1, within[1]), within[1])
    message = "the code around the edit repeats itself: no few lines of it are unique"
    raise EditConflict(message)


def _line_end(content: bytes, at: int, limit: int) -> int:
    """Offset of the line's end, its newline left out."""
    found = content.find(b"\n", at, limit)
    return limit if found < 0 else found


def _line_starts(content: bytes) -> list[int]:
    starts = [0]
    at = content.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = content.find(b"\n", at + 1)
    return starts


def _text(part: bytes) -> str:
    return part.decode("utf-8", "replace").replace("\r\n", "\n")
