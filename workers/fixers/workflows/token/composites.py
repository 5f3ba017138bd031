"""Composite actions and workflows of the repository itself, and the job's token as it is handed to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from daemon.errors import SourceUnavailable
from workers.fixers.workflows.model import Step, Workflow
from workers.fixers.workflows.token import tokens
from workers.source import whose, yamldoc
from workers.source.tree import SourceTree

MAX_DEPTH = 4


def local(uses: str, tree: SourceTree) -> str | None:
    """Where an action or a workflow of this repository is, also where the workflow names the repository itself."""
    if uses.startswith(("./", "$/")):
        return uses
    path = whose.own_path(uses, tree)
    return f"./{path}" if path is not None else None


def definitions(uses: str) -> list[str]:
    """Where an action may be defined."""
    folder = uses[2:].strip("/")
    return [f"{folder}/{name}".lstrip("/") for name in ("action.yml", "action.yaml")]


def read(tree: SourceTree, paths: Iterable[str]) -> Workflow | None:
    """The first of the files that is a workflow or an action."""
    for path in paths:
        try:
            doc = yamldoc.parse(tree.read(path), path)
        except (SourceUnavailable, yamldoc.YamlBroken):
            continue
        if doc.root.kind == "mapping":
            return Workflow(doc)
    return None


def handed_on(action: Workflow, step: Step, handed: frozenset[str]) -> frozenset[str]:
    """The inputs of a composite action that hold the job's token: given so, or by default."""
    given = tokens.inputs(step)
    declared = action.root.child("inputs")
    values = {key.value.lower(): value.text("default") for key, value in declared.entries} if declared else {}
    return frozenset(name for name, value in (values | given).items() if tokens.is_jobs(value, handed))


def unfolded(
    workflow: Workflow, steps: Iterable[Step], tree: SourceTree, depth: int, handed: frozenset[str]
) -> Iterator[tuple[Workflow, Step, frozenset[str]]]:
    """The steps, each local composite action followed by its own, with what it was handed."""
    for step in steps:
        yield workflow, step, handed
        own = local(step.uses, tree) if step.uses and depth < MAX_DEPTH else None
        if own is not None and (below := read(tree, definitions(own))) is not None:
            yield from unfolded(below, below.steps, tree, depth + 1, handed_on(below, step, handed))
