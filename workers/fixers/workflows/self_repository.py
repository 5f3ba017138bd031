"""Actions and workflows of the repository itself, named by where they lie in the workspace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import credentials, model, own
from workers.fixers.workflows.model import Step, Workflow
from workers.source import yamldoc, yamledit
from workers.source.tree import SourceTree, has
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
        "as pinned. It is not the same where the workspace holds another repository, or where the action is built at "
        "run time, and an action at the root of the repository has no path to be named by: there is no fix then. "
        "Approaches: this use; every such use of the file."
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
        what = f"{'All ' if len(others) == len(uses) else ''}{len(others)} local uses of this file are"
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
    where = use.node.value[2:].strip("/")
    if where in ("", "."):
        message = "`$/` needs a path behind it: GitHub rejects it for an action at the root of the repository"
        raise NoFix(message)
    names = [where] if use.step is None else [f"{where}/{name}" for name in _FILES]
    found = next((name for name in names if has(tree, name)), None)
    if found is None:
        message = f"`{use.node.value}` is not in the tree: it may be made or checked out at run time"
        raise NoFix(message)
    if use.step is not None:
        _not_built(workflow, use.step, where, found, tree)
        yield from _workspace(workflow, use.step, use.node.value)


def _workspace(workflow: Workflow, step: Step, written: str) -> Iterator[str]:
    """What else the workspace may have held at that path.

    Raises:
        NoFix: it holds another repository.
    """
    if step.job is None:
        return
    if "workflow_call" in workflow.triggers:
        yield f"where another repository calls this workflow, `{written}` was an action of that one"
    for other in workflow.steps_of(step.job)[: step.index]:
        if other.action != credentials.CHECKOUT or other.input("path") not in ("", "."):
            continue
        repository = other.input("repository")
        if repository and "github.repository" not in repository.replace(" ", ""):
            message = f"the workspace holds {repository}, whose action `{written}` then is"
            raise NoFix(message)
        if other.input("ref"):
            yield f"the action is now that of the workflow's own commit, no longer that of {other.input('ref')}"


def _not_built(workflow: Workflow, step: Step, where: str, definition: str, tree: SourceTree) -> None:
    """Raises `NoFix` where the action runs what a build puts into the workspace: the commit holds none, or another."""
    try:
        runs = yamldoc.parse(tree.read(definition), definition).root.get("runs") if "action" in definition else None
    except (SourceUnavailable, yamldoc.YamlBroken):
        return
    main = runs.text("main") if runs is not None else ""
    if not main:
        return
    if own.unbuilt(where, tree) is not None:
        message = f"`{main}` of the action is not in the tree: a build makes it in the workspace"
        raise NoFix(message)
    before = workflow.steps_of(step.job)[: step.index] if step.job else []
    builds = next((one for one in before if _BUILD.search(one.run)), None)
    if builds is not None:
        message = f"an earlier step builds (`{_BUILD.findall(builds.run)[0]}`), and `./` runs what it built"
        raise NoFix(message)


_BUILD = re.compile(
    r"(?<![\w./-])(?:npm|pnpm|yarn|bun|make|just|task)[ \t][^\n;|&]*(?<![\w-])"
    r"(?:build|package|bundle|compile|dist|prepare)\b"
    r"|\bncc\s+build\b|(?<![\w./-])(?:esbuild|rollup|tsc)\b"
)
_FILES = ("action.yml", "action.yaml", "Dockerfile")


def _made(workflow: Workflow, approach: str, uses: list[_Use], what: str, warnings: list[str]) -> Candidate:
    edits = [_edit(workflow, use) for use in uses]
    why = (
        f"{what} taken from this repository at the workflow's own commit, whatever lies in the workspace. "
        "GitHub Enterprise Server may not know `$/` yet."
    )
    return model.candidate(
        approach,
        edits,
        why,
        declares=[path for use in uses for path in workflow.everywhere(use.path)],
        warnings=warnings,
    )


def _edit(workflow: Workflow, use: _Use) -> Edit:
    at = use.node.start + (1 if use.node.style in ("'", '"') else 0)
    return yamledit.edit(workflow.doc, at, at + 1, "$")
