"""Expressions that are always true, match parts of words, or never give the value they name."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import EXPRESSION, Workflow
from workers.fixers.workflows.script import fences
from workers.source import yamledit
from workers.source.yamldoc import Node, Path, dotted

_CONTAINS = re.compile(r"contains\(\s*'(?P<text>(?:[^']|'')*)'\s*,\s*(?P<value>[A-Za-z_][\w.-]*)\s*\)")
_FENCED = re.compile(rf"\s*{EXPRESSION.pattern}\s*")
_LITERAL = r"(?:'(?:[^']|'')*'|true|false|null|-?\d+(?:\.\d+)?)"
_ATOM = r"(?:!\s*)?[A-Za-z_][\w.*-]*(?:\((?:[^()']|'(?:[^']|'')*')*\))?"
_TERNARY = re.compile(
    rf"(?P<condition>{_ATOM}(?:\s*(?:==|!=|<=?|>=?)\s*(?:{_LITERAL}|{_ATOM}))?)"
    rf"\s*&&\s*(?P<yes>''|false|null|0)\s*\|\|\s*(?P<no>{_LITERAL}|{_ATOM})"
)


@fixer(
    name="unsound-condition",
    weakness="A condition is always true",
    rules={"zizmor": ["unsound-condition"], "actionlint": ["if-cond"]},
    explain=(
        "A block scalar (`|`, `>`) ends with a line ending. Around `${{ … }}` that makes the condition a text that is "
        "never empty, so it is always true: the step runs whatever the expression says. The same goes for anything "
        "else around the braces: `${{ a }} && ${{ b }}` is a text, too. Approaches: without the braces, which a "
        "condition does not need; with the braces and a block that drops its last line ending; one pair around it all."
    ),
)
def condition(target: Target) -> Iterator[Candidate]:
    """A fenced block → a bare one, or one without its last line ending."""
    workflow = model.read(target)
    path, node = _flagged_if(target, workflow)
    source = workflow.doc.source(node)
    header, _, body = source.partition("\n")
    fenced = _FENCED.fullmatch(body if node.block else source)
    if not node.block or fenced is None:
        yield from _in_parts(workflow, path, node)
        return
    base = node.start + len(f"{header}\n".encode())
    start, inner = fenced.start("inner"), fenced["inner"]
    blanks, last = len(inner) - len(inner.lstrip(" \t")), len(inner.rstrip(" \t"))
    places = ((start - len("${{"), start + blanks), (start + last, fenced.end("inner") + len("}}")))
    edits = [
        yamledit.edit(workflow.doc, base + len(body[:one].encode()), base + len(body[:other].encode()), "")
        for one, other in places
    ]
    declares = [dotted(path)]
    why = "A condition is an expression without braces, too, and then the line ending behind it means nothing."
    yield model.candidate("bare-expression", edits, why, declares=declares)
    style = re.match(r"[|>]", header)
    if style is not None and header.strip() in ("|", ">", "|+", ">+"):
        stripped = yamledit.edit(workflow.doc, node.start, node.start + len(header.rstrip().encode()), f"{style[0]}-")
        why = "The block drops its last line ending, so that the expression alone is the condition."
        yield model.candidate("strip-line-ending", [stripped], why, declares=declares)


def _in_parts(workflow: Workflow, path: Path, node: Node) -> Iterator[Candidate]:
    """A condition of which a part, or the blanks around it, stands outside of the braces → one expression."""
    source = workflow.doc.source(node)
    front = re.match(r"(?:[|>][^\n]*\n|['\"])?\s*", source)
    start = front.end() if front else 0
    body = source[start:].rstrip()
    body = body[:-1].rstrip() if node.style in ("'", '"') else body
    escaped = ("''" if node.style == "'" else "\\") in body and node.style in ("'", '"')
    changes = None if escaped else fences.unfenced(body)
    if not changes:
        message = "what stands around the braces is no part of an expression: what it shall ask is for a person to say"
        raise NoFix(message)
    text, quote = fences.applied(body, changes), node.style if node.style in ("'", '"') else ""
    why = "GitHub now reads all of it as one expression; so far it was a text, and what it guards always ran."
    last = source[start + len(body) :] if node.block else ""
    header = source[:start] if node.block else ""
    if node.block or quote or not re.match(r"[!'\"\[\]{}&*#|>@`%,?-]", text):
        yield _as_one(workflow, path, node, f"{header}{quote}{text}{quote}{last}", ("bare-expression", why))
    if not node.block:
        yield _as_one(workflow, path, node, f"{quote}${{{{ {text} }}}}{quote}", ("one-expression", why))
    elif re.match(r"[|>]\+?[ \t]*\n", header):
        header = re.sub(r"^([|>])\+?", r"\1-", header)
        yield _as_one(workflow, path, node, f"{header}${{{{ {text} }}}}{last}", ("one-expression", why))


def _as_one(workflow: Workflow, path: Path, node: Node, text: str, what: tuple[str, str]) -> Candidate:
    edit = yamledit.edit(workflow.doc, node.start, node.end, text)
    return model.candidate(what[0], [edit], what[1], declares=[dotted(path)])


@fixer(
    name="unsound-contains",
    weakness="A condition also matches parts of the words that it lists",
    rules={"zizmor": ["unsound-contains"]},
    explain=(
        "`contains('refs/heads/main refs/heads/develop', github.ref)` asks whether the ref is part of that text, and "
        "`refs/heads/mai` is. A list is compared item by item. Approaches: a list made with `fromJSON`; the "
        "comparisons written out."
    ),
)
def contains(target: Target) -> Iterator[Candidate]:
    """A text of words → a list of them, or comparisons."""
    workflow = model.read(target)
    path, node = _flagged_if(target, workflow)
    source = workflow.doc.source(node)
    asked = re.search(r"control '(?P<value>[^']+)'", target.finding.message or "")
    found = [*_CONTAINS.finditer(source)]
    match = next((one for one in found if asked and one["value"] == asked["value"]), next(iter(found), None))
    if match is None or node.style in ("'", '"'):
        message = "no `contains` here asks for a part of a text of words"
        raise NoFix(message)
    words = _words(match["text"].replace("''", "'"))
    if not words or any("'" in word or '"' in word for word in words):
        message = "the words of the text cannot be told apart"
        raise NoFix(message)
    at = node.start + len(source[: match.start()].encode())
    end = at + len(match[0].encode())
    listed = f"contains(fromJSON('{json.dumps(words)}'), {match['value']})"
    why = "Only the words as a whole match."
    yield model.candidate("list", [yamledit.edit(workflow.doc, at, end, listed)], why, declares=[dotted(path)])
    compared = " || ".join(f"{match['value']} == '{word}'" for word in words)
    alone = len(words) == 1 and source.strip() == match[0]
    compared = compared if alone else f"({compared})"
    yield model.candidate("comparisons", [yamledit.edit(workflow.doc, at, end, compared)], why, declares=[dotted(path)])


def _words(text: str) -> list[str]:
    """The words of a text, which may be the list already that it was meant to be."""
    listed: object = None
    with contextlib.suppress(ValueError):
        listed = json.loads(text)
    if isinstance(listed, list) and all(isinstance(one, str) for one in listed):
        return listed
    return [word.strip() for word in re.split(r"[\s,;|]+", text) if word.strip()]


@fixer(
    name="unsound-ternary",
    weakness="A choice never gives its first value",
    rules={"zizmor": ["unsound-ternary"]},
    explain=(
        "`condition && '' || 'x'` is always `'x'`: an empty first value counts as false, so the second one is taken. "
        "Turned around, the choice gives what it says. Approaches: the condition negated and the values exchanged."
    ),
)
def ternary(target: Target) -> Iterator[Candidate]:
    """`c && '' || x` → `!(c) && x || ''`."""
    workflow = model.read(target)
    first, last = model.lines(target)
    region = target.finding.location.region
    at = model.place(target, workflow.doc) if region is not None and region.start_column else None
    for path, node in workflow.root.walk():
        start, end = workflow.doc.line_of(node.start), workflow.doc.line_of(node.end)
        if node.kind == "scalar" and start <= last and first <= end:
            candidate = _turned(workflow, path, node, at)
            if candidate is not None:
                yield candidate
                return
    message = "the choice is part of a larger expression, whose meaning a person has to decide"
    raise NoFix(message)


def _turned(workflow: Workflow, path: Path, node: Node, at: int | None) -> Candidate | None:
    source = workflow.doc.source(node)
    for match in _TERNARY.finditer(source):
        before, after = source[: match.start()].rstrip(), source[match.end() :].lstrip()
        start = node.start + len(source[: match.start()].encode())
        alone = before.endswith(("{{", "(", ",")) and after.startswith(("}}", ")", ","))
        if alone and (at is None or start <= at <= start + len(match[0].encode())):
            no = match["no"]
            text = f"!({match['condition'].strip()}) && {no} || {match['yes']}"
            edit = yamledit.edit(workflow.doc, start, start + len(match[0].encode()), text)
            why = f"Where the condition holds, the value is {match['yes']} as it says, and {no} otherwise."
            return model.candidate("negated", [edit], why, declares=[dotted(path)])
    return None


def _flagged_if(target: Target, workflow: Workflow) -> tuple[Path, Node]:
    first, last = model.lines(target)
    holders = [(job.path, job.node) for job in workflow.jobs] + [(step.path, step.node) for step in workflow.steps]
    for path, holder in holders:
        node = holder.child("if")
        if node is None or node.kind != "scalar":
            continue
        start, end = workflow.doc.line_of(node.start), workflow.doc.line_of(node.end)
        if start <= first <= end or first <= start <= last:
            return (*path, "if"), node
    message = "the finding points to no condition"
    raise NoFix(message)
