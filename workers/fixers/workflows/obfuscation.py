"""Paths of actions that are written so that they look like something else."""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Workflow
from workers.fixers.workflows.script import constants
from workers.source import yamledit, yamltext
from workers.source.yamldoc import Node, Path, dotted


@fixer(
    name="obfuscation",
    weakness="An action or a value is written in a roundabout way that hides what it is",
    rules={"zizmor": ["obfuscation"]},
    explain=(
        "`actions/checkout//@v4` and `actions/cache/save/../restore@v4` run what the plain path runs, but a policy, a "
        "review or a search that looks for the plain name misses them. A path that climbs out of the action's own "
        "repository names no other one, so it cannot be written plainly. An expression that is the same in every run, "
        "such as `${{ 'default' }}`, is no more than its text. Approaches: the plain path; the plain text, here or in "
        "the whole file."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A path with detours, or an expression that never changes → without."""
    workflow = model.read(target)
    line, last = model.lines(target)
    holders = [(job.path, job.node) for job in workflow.jobs] + [(step.path, step.node) for step in workflow.steps]
    for path, holder in holders:
        node = holder.child("uses")
        if node is None or node.kind != "scalar" or not line <= workflow.doc.line_of(node.start) <= last:
            continue
        name, at, ref = node.value.partition("@")
        plain = _plain(name)
        if plain == name or "://" in name or ".." in plain.split("/"):
            continue
        source = workflow.doc.source(node).replace(node.value, f"{plain}{at}{ref}")
        edit = yamledit.edit(workflow.doc, node.start, node.end, source)
        yield model.candidate(
            "plain-path", [edit], "It is the same action, by its name.", declares=[dotted((*path, "uses"))]
        )
        return
    yield from _plain_text(target, workflow)


def _plain_text(target: Target, workflow: Workflow) -> Iterator[Candidate]:
    """An expression that is the same in every run, as the text that GitHub makes of it.

    Raises:
        NoFix: a run decides it, or its text cannot stand there as it is.
    """
    at = model.place(target, workflow.doc)
    places = [*_expressions(workflow)]
    first, last = model.lines(target)
    near = [one for one in places if first <= workflow.doc.line_of(one.start) <= last]
    flagged = next((one for one in places if one.start <= at < one.end), next(iter(near), None))
    if flagged is None:
        message = "what the expression here comes to is for a person to write plainly"
        raise NoFix(message)
    edit, value = flagged.edit(workflow)
    why = f"It is `{constants.as_text(value)}` in every run, and now says so."
    yield model.candidate("plain-text", [edit], why, declares=[dotted(flagged.path)])
    others: dict[Path, list[Edit]] = {}
    for one in places:
        with contextlib.suppress(NoFix):
            others.setdefault(one.path, []).append(one.edit(workflow)[0])
    edits = [edit for found in others.values() for edit in found]
    if len(edits) > 1:
        why = f"All {len(edits)} expressions of this file that are the same in every run are written as their text."
        yield model.candidate("plain-text-file", edits, why, declares=[dotted(path) for path in others])


@dataclass(frozen=True)
class _Expression:
    """One `${{ … }}` and its place: bytes from `start` to `end`."""

    path: Path
    node: Node
    start: int
    end: int
    source: str
    inner: str

    def edit(self, workflow: Workflow) -> tuple[Edit, constants.Value]:
        """Its text in its place.

        Raises:
            NoFix: a run decides it, or its text cannot stand there as it is.
        """
        value = constants.evaluate(self.inner.strip())
        written = workflow.doc.slice(self.start, self.end)
        text = _written(self.path, self.node, self.source, written, value)
        return yamledit.edit(workflow.doc, self.start, self.end, text), value


def _expressions(workflow: Workflow) -> Iterator[_Expression]:
    for path, node in workflow.root.walk():
        if node.kind == "scalar" and "${{" in node.value:
            source = workflow.doc.source(node)
            for match in model.EXPRESSION.finditer(source):
                start = node.start + len(source[: match.start()].encode())
                yield _Expression(path, node, start, start + len(match[0].encode()), source, match["inner"])


def _written(path: Path, node: Node, source: str, expression: str, value: constants.Value) -> str:
    text = constants.as_text(value)
    alone = source.strip() == expression
    if path[-1] == "if" and (not alone or not isinstance(value, bool)):
        message = "a condition takes plain text for an expression: what it shall ask is for a person to say"
        raise NoFix(message)
    if node.block:
        fits = "\n" not in text
    elif alone:
        text, fits = text if not isinstance(value, str) else yamltext.render(text).strip(), "\n" not in text
    else:
        fits = re.fullmatch(r"[\w./-]*", text) is not None and bool(node.style or source.strip() != expression)
    if not fits:
        message = f"`{expression}` cannot become plain text in its place"
        raise NoFix(message)
    return text


def _plain(name: str) -> str:
    """The path without detours; the owner and the repository in front of it are no part of it.

    Raises:
        NoFix: it climbs out of the repository.
    """
    parts = [part for part in name.split("/") if part]
    own = 1 if name.startswith(("./", "$/")) else 2
    front, rest = "/".join(parts[:own]), "/".join(parts[own:])
    path = posixpath.normpath(rest) if rest else "."
    if path.startswith("..") or ".." in front.split("/"):
        message = f"`{name}` climbs out of its repository: which action is meant is for a person to say"
        raise NoFix(message)
    return front if path == "." else f"{front}/{path}"
