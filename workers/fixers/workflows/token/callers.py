"""Who calls a reusable workflow, and what they lend it of their token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix
from workers.fixers.workflows.model import Workflow
from workers.fixers.workflows.token import scopes
from workers.fixers.workflows.token.scopes import Scopes
from workers.source import whose, yamldoc
from workers.source.tree import SourceTree


class Caller(NamedTuple):
    """A job of another workflow that calls it."""

    path: str
    job: str
    lends: Scopes | None
    """None where no block says what the job may."""


_FAILS_WITHOUT = """
    contents:read contents:write packages:read packages:write id-token:write attestations:write security-events:write
    pages:write"""
_GRANTED = frozenset(_FAILS_WITHOUT.split())
"""What a job that uses it fails without, so that whoever calls it grants it already."""


def allow(workflow: Workflow, tree: SourceTree, asked: Scopes) -> None:
    """A called workflow may not ask for more than its caller has: GitHub refuses to start it.

    Raises:
        NoFix: a caller in the tree grants less, or those that are not in it may.
    """
    if "workflow_call" not in workflow.triggers:
        return
    found = [*of(workflow.doc.path, tree)]
    for caller in found:
        missing = [word for word in scopes.words(asked) if not _covers(caller.lends, word)]
        if missing:
            message = f"{caller.path} calls this workflow from its job {caller.job} without {', '.join(missing)}"
            raise NoFix(message)
    blocks = [node.child("permissions") for node in (workflow.root, *(job.node for job in workflow.jobs))]
    before = scopes.union(word for block in blocks for word in scopes.words(scopes.granted(block) or {}))
    doubtful = [word for word in scopes.words(asked) if word not in _GRANTED and not _covers(before, word)]
    if doubtful and not found:
        message = "nothing here calls this workflow: it would no longer start for a caller elsewhere that grants no "
        message += ", ".join(doubtful)
        raise NoFix(message)


def _covers(has: Scopes | None, word: str) -> bool:
    if has is None:
        return True
    scope, _, level = word.partition(":")
    return has.get(scope) in ("write", level)


def of(callee: str, tree: SourceTree) -> Iterator[Caller]:
    """The callers in the tree; those in other repositories are not seen."""
    for path in tree.paths():
        if path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml")):
            yield from _in_file(path, callee, tree)


def _in_file(path: str, callee: str, tree: SourceTree) -> Iterator[Caller]:
    try:
        caller = Workflow(yamldoc.parse(tree.read(path), path))
    except (SourceUnavailable, yamldoc.YamlBroken):
        return
    if caller.root.kind != "mapping":
        return
    for job in caller.jobs:
        local = job.uses.partition("@")[0] in (f"./{callee}", f"$/{callee}")
        if local or (callee in job.uses and whose.own_path(job.uses, tree) == callee):
            own = scopes.granted(job.node.child("permissions"))
            yield Caller(path, job.name, own if own is not None else scopes.granted(caller.root.child("permissions")))
