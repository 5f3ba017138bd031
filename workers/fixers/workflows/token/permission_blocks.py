"""How `permissions` blocks are written: of a workflow and of its jobs, so that comments and layout stay."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Edit
from workers.fixers.registry import NoFix
from workers.fixers.workflows.model import Job, Workflow
from workers.fixers.workflows.token import scopes
from workers.fixers.workflows.token.scopes import Scopes
from workers.source import yamledit, yamltext
from workers.source.yamldoc import Node


def of_workflow(workflow: Workflow, block: Scopes) -> Iterator[Edit]:
    """The workflow's block becomes this one."""
    old = workflow.root.child("permissions")
    if old is None:
        yield _inserted(workflow, block)
    elif not block and old.kind == "mapping" and not old.flow:
        # Down to the end of its last line: a comment there was about what stood before it.
        key = workflow.root.key("permissions") or old
        yield yamledit.edit(workflow.doc, key.end, workflow.doc.line_end(old.end), ": {}")
    elif old.kind == "mapping" and old.entries and block:
        yield from _downgraded(workflow, old, block)
    elif scopes.granted(old) != block or old.kind == "scalar":
        yield yamledit.set_key(workflow.doc, workflow.root, "permissions", dict(block))


def _downgraded(workflow: Workflow, old: Node, block: Scopes) -> Iterator[Edit]:
    """Entry by entry, so that the comments beside them stay."""
    yield from yamledit.delete_keys(workflow.doc, old, [key.value for key, _ in old.entries if key.value not in block])
    for key, value in old.entries:
        if key.value in block and value.value != block[key.value]:
            yield yamledit.set_key(workflow.doc, old, key.value, block[key.value])


def _inserted(workflow: Workflow, block: Scopes) -> Edit:
    """A block of the workflow, behind its triggers and set apart as its other keys are."""
    doc, root = workflow.doc, workflow.root
    names = root.keys()
    index = names.index("on") if "on" in names else -1
    if root.flow or index + 1 >= len(names):
        return yamledit.set_key(doc, root, "permissions", dict(block))
    margin = " " * doc.column(root.entries[0][0].start)
    at = doc.line_start(root.entries[index + 1][0].start)
    while at > doc.begin and doc.slice(above := doc.line_start(at - 1), at).startswith(f"{margin}#"):
        at = above
    text = f"{margin}permissions:{yamltext.render(dict(block), len(margin), doc.unit)}\n"
    apart = at > doc.begin and not doc.slice(doc.line_start(at - 1), at).strip()
    return yamledit.edit(doc, at, at, text + ("\n" if apart else ""))


def copied(workflow: Workflow, job: Job) -> Edit:
    """The workflow's block in a job, each line as it is but for its indentation."""
    old, doc = workflow.root.child("permissions"), workflow.doc
    names = job.node.keys()
    after = next((name for name in ("runs-on", "uses") if name in names), names[0] if names else "")
    name, last = job.node.key(after), job.node.child(after)
    if old is None or old.flow or old.kind != "mapping" or job.node.flow or name is None or last is None:
        return of_job(workflow, job, scopes.granted(old) or {})
    column = doc.column(job.node.entries[0][0].start)
    lines = doc.slice(doc.line_start(old.start), doc.line_end(old.end)).replace("\r\n", "\n").split("\n")
    written = [f"{' ' * (column + doc.unit)}{line.strip()}" for line in lines if line.strip()]
    return yamledit.insert_line(doc, name, last, "\n".join([f"{' ' * column}permissions:", *written]))


def of_job(workflow: Workflow, job: Job, block: Scopes) -> Edit:
    """A job gets this block, or its own becomes it.

    Raises:
        NoFix: nothing can be added to the job as it is written.
    """
    try:
        names = job.node.keys()
        after = next((name for name in ("runs-on", "uses") if name in names), names[0] if names else None)
        return yamledit.set_key(workflow.doc, job.node, "permissions", dict(block), after=after)
    except ValueError as error:
        message = f"job {job.name} cannot take a `permissions` block: {error}"
        raise NoFix(message) from error
