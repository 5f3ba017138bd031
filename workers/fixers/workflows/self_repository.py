"""Actions and workflows of the repository itself, named by where they lie in the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import credentials, model
from workers.fixers.workflows.model import Step, Workflow
from workers.source import yamledit
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node, Path


@dataclass(frozen=True)
class _Use:
    path: Path
    node: Node
    step: Step | None


@fixer(
    name="self-repository",
    weakness="A local action is taken from the workspace, where an earlier step may have put another one",
    rules={"zizmor": ["self-repository"]},
    explain=(
        "`uses: ./path` runs whatever lies at that path in the workspace when the step starts: a checkout of another "
        "ref, a download or a script before it may have replaced it. `uses: $/path` (github.com, since July 2026) is "
        "the action of this repository at the commit that the workflow runs from, so it needs no checkout and counts "
        "as pinned. It is not the same where the workspace holds another repository, or where the action is made at "
        "run time: there is no fix then. Approaches: this use; every such use of the file."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """`./` → `$/`, where both mean the same file."""
    workflow = model.read(target)
    line, last = model.lines(target)
    uses = [*_uses(workflow)]
    flagged = [use for use in uses if line <= workflow.doc.line_of(use.node.start) <= last]
    if not flagged:
        message = "no action or workflow is used by its place in the workspace here"
        raise NoFix(message)
    warnings = [*_same(workflow, flagged[0], target.tree)]
    yield _made(workflow, "self-repository", flagged[:1], f"`{flagged[0].node.value}` is", warnings)
    others = [use for use in uses if _is_same(workflow, use, target.tree)]
    if len(others) > 1:
        warnings = [warning for use in others for warning in _same(workflow, use, target.tree)]
        what = f"All {len(others)} local uses of this file are"
        yield _made(workflow, "self-repository-file", others, what, warnings)


def _uses(workflow: Workflow) -> Iterator[_Use]:
    holders: list[tuple[Path, Node, Step | None]] = [(job.path, job.node, None) for job in workflow.jobs]
    holders += [(step.path, step.node, step) for step in workflow.steps]
    for path, holder, step in holders:
        node = holder.child("uses")
        if node is not None and node.kind == "scalar" and node.value.startswith("./"):
            yield _Use((*path, "uses"), node, step)


def _is_same(workflow: Workflow, use: _Use, tree: SourceTree) -> bool:
    try:
        list(_same(workflow, use, tree))
    except NoFix:
        return False
    return True


def _same(workflow: Workflow, use: _Use, tree: SourceTree) -> Iterator[str]:
    """What a person should know of the difference.

    Raises:
        NoFix: the workspace holds something else at that path.
    """
    where = use.node.value[2:].rstrip("/")
    names = [where] if use.step is None else [f"{where}/{name}".lstrip("/") for name in _FILES]
    if not any(_there(tree, name) for name in names):
        message = f"`{use.node.value}` is not in the tree: it may be made or checked out at run time"
        raise NoFix(message)
    if use.step is None or use.step.job is None:
        return
    for step in workflow.steps_of(use.step.job)[: use.step.index]:
        if step.action != credentials.CHECKOUT or step.input("path") not in ("", "."):
            continue
        other = step.input("repository")
        if other and "github.repository" not in other.replace(" ", ""):
            message = f"the workspace holds {other}, whose action `{use.node.value}` then is"
            raise NoFix(message)
        if step.input("ref"):
            yield f"the action is now that of the workflow's own commit, no longer that of {step.input('ref')}"


_FILES = ("action.yml", "action.yaml", "Dockerfile")


def _there(tree: SourceTree, path: str) -> bool:
    try:
        tree.read(path)
    except SourceUnavailable:
        return False
    return True


def _made(workflow: Workflow, approach: str, uses: list[_Use], what: str, warnings: list[str]) -> Candidate:
    edits = [_edit(workflow, use) for use in uses]
    why = (
        f"{what} taken from this repository at the workflow's own commit, whatever lies in the workspace. "
        "GitHub Enterprise Server may not know `$/` yet."
    )
    return model.candidate(approach, edits, why, declares=[use.path for use in uses], warnings=warnings)


def _edit(workflow: Workflow, use: _Use) -> Edit:
    at = use.node.start + (1 if use.node.style in ("'", '"') else 0)
    return yamledit.edit(workflow.doc, at, at + 1, "$")
