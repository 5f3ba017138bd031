"""Who calls a reusable workflow, and what they lend it of their token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from daemon.errors import SourceUnavailable
from workers.fixers.workflows import scopes
from workers.fixers.workflows.model import Workflow
from workers.fixers.workflows.scopes import Scopes
from workers.source import whose, yamldoc
from workers.source.tree import SourceTree


class Caller(NamedTuple):
    """A job of another workflow that calls it."""

    path: str
    job: str
    lends: Scopes | None
    """None where no block says what the job may."""


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
