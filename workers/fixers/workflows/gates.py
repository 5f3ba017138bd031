"""For whom a job's condition lets it run: what its `if` says, and the conditions of the jobs that it waits for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows.model import EXPRESSION, Job, Workflow

_PULL = r"github\.event\.pull_request\."
_RUN = r"github\.event\.workflow_run\."


def _same(value: str) -> str:
    return rf"{value}\s*==\s*github\.repository|github\.repository\s*==\s*{value}"


GATES = {
    "own branches": re.compile(
        rf"{_same(_PULL + r'head[.]repo[.]full_name')}|!\s*{_PULL}head\.repo\.fork|{_PULL}head\.repo\.fork\s*==\s*false"
    ),
    "Dependabot": re.compile(rf"(?:github\.actor|{_PULL}user\.login)\s*==\s*'dependabot\[bot\]'"),
    "merged": re.compile(rf"{_PULL}merged(?:\s*==\s*true)?"),
    "own runs": re.compile(
        rf"{_RUN}event\s*==\s*'(?:push|schedule|workflow_dispatch|release|merge_group)'"
        rf"|{_same(_RUN + r'head_repository[.]full_name')}"
    ),
}
"""What a condition asks for → how it is written."""
_ANYHOW = re.compile(r"\b(?:always|failure|cancelled)\s*\(")


def gate(workflow: Workflow, job: Job, names: tuple[str, ...], seen: frozenset[str] = frozenset()) -> str | None:
    """The one of these gates that the job, or a job that it waits for, runs behind; none where there is none."""
    condition = _inner(job.node.text("if"))
    parts = _parts(condition)
    own = next((name for name in names if any(GATES[name].fullmatch(part) for part in parts)), None)
    if own is not None or _ANYHOW.search(condition):
        return own
    waits = job.node.child("needs")
    before = {waits.value, *(item.value for item in waits.items)} - seen if waits is not None else set()
    jobs = [other for other in workflow.jobs if other.name in before]
    found = (gate(workflow, other, names, seen | {job.name}) for other in jobs)
    return next((name for name in found if name is not None), None)


def _inner(condition: str) -> str:
    match = EXPRESSION.fullmatch(condition.strip())
    return (match["inner"] if match else condition).strip()


def _parts(condition: str) -> list[str]:
    """What has to hold all at once; nothing where one of several is enough."""
    while condition.startswith("(") and _closes(condition) == len(condition) - 1:
        condition = condition[1:-1].strip()
    pieces = list(_pieces(condition))
    if any(mark == "||" for mark, _ in pieces):
        return []
    texts = [text.strip() for _, text in pieces]
    return [part for text in texts for part in (_parts(text) if text.startswith("(") else [text])]


def _closes(text: str) -> int:
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return at
    return -1


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """The mark before each operand that stands outside of brackets and strings, and the operand."""
    depth, quoted, start, mark, at = 0, False, 0, "", 0
    while at < len(text):
        char = text[at]
        quoted ^= char == "'"
        if not quoted:
            depth += (char in "([") - (char in ")]")
            if depth == 0 and text[at : at + 2] in ("&&", "||"):
                yield mark, text[start:at]
                mark, start, at = text[at : at + 2], at + 2, at + 1
        at += 1
    yield mark, text[start:]
