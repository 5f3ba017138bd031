"""Conditions that trust whoever acted last."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Workflow
from workers.source import yamledit
from workers.source.yamldoc import Node, Path, dotted

_AUTHORS = {
    "pull_request": "github.event.pull_request.user",
    "pull_request_target": "github.event.pull_request.user",
    "pull_request_review": "github.event.review.user",
    "pull_request_review_comment": "github.event.comment.user",
    "issue_comment": "github.event.comment.user",
    "discussion_comment": "github.event.comment.user",
    "issues": "github.event.issue.user",
    "discussion": "github.event.discussion.user",
    "release": "github.event.release.author",
    "milestone": "github.event.milestone.creator",
}
_OWN_EVENTS = frozenset(
    ("push", "schedule", "workflow_dispatch", "merge_group", "workflow_call", "repository_dispatch")
)
"""Only those who may write to the repository cause them."""
_ACTOR = re.compile(
    r"(?<![\w.])github(?:\.(?:(?P<id>actor_id|event\.pull_request\.sender\.id)"
    r"|actor|triggering_actor|event\.pull_request\.sender\.login)(?![\w.-])"
    r"|\[\s*'(?:(?P<index_id>actor_id)|actor|triggering_actor)'\s*\])",
    re.IGNORECASE,
)

_FENCED = re.compile(r"(?P<open>['\"]?\$\{\{)(?P<inner>.*?)(?P<close>\}\}['\"]?)", re.DOTALL)


@fixer(
    name="bot-conditions",
    weakness="A condition trusts a bot's name that a stranger can borrow",
    rules={"zizmor": ["bot-conditions"]},
    explain=(
        "`github.actor` is who caused this run, not who wrote the code: a stranger can get a bot to act last on their "
        "own pull request, and pass a check for `dependabot[bot]`. The author of the pull request, comment or issue "
        "does not change. Approaches: the author; the author, and only for branches of the repository itself, which is "
        "where such bots push."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """The actor in a condition → the author."""
    workflow = model.read(target)
    path, node = _condition(target, workflow)
    edits = [*_authors(workflow, node)]
    if not edits:
        message = "the condition names no actor that its event has an author for"
        raise NoFix(message)
    edits = _once(workflow, node, edits)
    declares = [dotted(path)]
    yield model.candidate("author", edits, "The author cannot be changed by acting on it later.", declares=declares)
    if {"pull_request", "pull_request_target"} >= set(workflow.triggers) and not node.block:
        source = workflow.doc.source(node)
        if "head.repo" in source or "||" in source:
            # Whoever else the condition lets in may come from a fork.
            return
        why = "The author, and a branch of this repository: a fork's pull request never passes."
        own = "github.event.pull_request.head.repo.full_name == github.repository"
        yield model.candidate("author-and-branch", [_both(workflow, node, edits, own)], why, declares=declares)


def _condition(target: Target, workflow: Workflow) -> tuple[Path, Node]:
    line, last = model.lines(target)
    holders = [(job.path, job.node) for job in workflow.jobs] + [(step.path, step.node) for step in workflow.steps]
    for path, holder in holders:
        node = holder.child("if")
        if node is None or node.kind != "scalar":
            continue
        first, end = workflow.doc.line_of(node.start), workflow.doc.line_of(node.end)
        if first <= line <= end or line <= first <= last:
            return (*path, "if"), node
    message = "the finding points to no condition"
    raise NoFix(message)


def _authors(workflow: Workflow, node: Node) -> Iterator[Edit]:
    foreign = [trigger for trigger in workflow.triggers if trigger not in _OWN_EVENTS]
    authors = {_AUTHORS.get(trigger) for trigger in foreign}
    author = next(iter(authors)) if len(authors) == 1 else None
    own = len(foreign) < len(workflow.triggers)
    source = workflow.doc.source(node)
    for match in _ACTOR.finditer(source):
        field = "id" if match["id"] or match["index_id"] else "login"
        named = _AUTHORS.get(_event_before(source[: match.start()]), "")
        if not named and author is None:
            message = "the workflow runs on several events, whose authors stand in different places"
            raise NoFix(message)
        start = node.start + len(source[: match.start()].encode())
        text = f"{named or author}.{field}"
        if own and not named:
            text = f"({text} || {match[0]})"
        yield yamledit.edit(workflow.doc, start, start + len(match[0].encode()), text)


def _event_before(text: str) -> str:
    """The event that the condition has just asked for: `github.event_name == 'pull_request' && `."""
    match = re.search(r"github\.event_name\s*==\s*'(\w+)'\s*&&\s*\(?\s*$", text)
    return match[1] if match else ""


def _once(workflow: Workflow, node: Node, edits: list[Edit]) -> list[Edit]:
    """The edits, or one that writes the condition with what it asked for already only once."""
    source = _edited(workflow, node, edits)
    fenced = _FENCED.fullmatch(source)
    inner = fenced["inner"] if fenced else source
    parts = [part.strip() for part in inner.split("&&")]
    whole = not node.block and not re.search(r"\|\||[()]", inner) and all(part.count("'") % 2 == 0 for part in parts)
    if len(set(parts)) == len(parts) or not whole:
        return edits
    once = " && ".join(dict.fromkeys(parts))
    text = f"{fenced['open']} {once} {fenced['close']}" if fenced else once
    return [yamledit.edit(workflow.doc, node.start, node.end, text)]


def _edited(workflow: Workflow, node: Node, edits: list[Edit]) -> str:
    text = workflow.doc.content[node.start : node.end]
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start - node.start] + edit.text.encode() + text[edit.end - node.start :]
    return text.decode()


def _both(workflow: Workflow, node: Node, edits: list[Edit], own: str) -> Edit:
    source = _edited(workflow, node, edits)
    fenced = _FENCED.fullmatch(source)
    if fenced is None:
        if source[:1] in ("'", '"'):
            message = "the condition is quoted in a way that cannot be added to"
            raise NoFix(message)
        return yamledit.edit(workflow.doc, node.start, node.end, f"{_grouped(source)} && {own}")
    new = f"{fenced['open']} {_grouped(fenced['inner'].strip())} && {own} {fenced['close']}"
    return yamledit.edit(workflow.doc, node.start, node.end, new)


def _grouped(text: str) -> str:
    return f"({text})" if "||" in text else text
