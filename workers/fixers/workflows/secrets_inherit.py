"""Reusable workflows that get every secret of the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model, own
from workers.fixers.workflows.model import Job, Workflow
from workers.source import called, yamldoc, yamledit, yamltext
from workers.source.tree import SourceTree
from workers.source.yamldoc import dotted

_NAMED = re.compile(r"\bsecrets\.(?P<name>[A-Za-z_][\w-]*)|\bsecrets\[\s*'(?P<index>[\w-]+)'\s*\]")
_WHOLE = re.compile(r"\bsecrets\s*(?:\)|\[(?!\s*'[\w-]+'\s*\])|,)")
_MAX_DEPTH = 4


@fixer(
    name="secrets-inherit",
    weakness="A reusable workflow gets every secret there is",
    rules={"zizmor": ["secrets-inherit"], "semgrep": ["secrets-inherit"]},
    explain=(
        "`secrets: inherit` hands the called workflow every secret of the repository and its organisation, also those "
        "that are added later. Named, it gets what it uses: the names are read from the called workflow, which must "
        "declare them. Where that lies in another repository, `secaid pins` reads it there. Approaches: the names "
        "that it uses, declared as optional, so that no other caller has to change; none, where it uses none; the same "
        "for every call of the file."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """`inherit` → the secrets that the called workflow uses."""
    workflow = model.read(target)
    job = model.flagged_job(target, workflow)
    if job is None or job.node.text("secrets") != "inherit":
        message = "no job here calls a workflow with `secrets: inherit`"
        raise NoFix(message)
    callee = _callee(job.uses, target.tree)
    used = _used(callee, 0)
    if not used:
        edit = yamledit.delete_key(workflow.doc, job.node, "secrets")
        why = f"{job.uses} uses no secret but the token, which it has anyway, so nothing is handed on."
        path = dotted((*job.path, "secrets"))
        yield model.candidate("secrets-none", [edit], why, declares=[f"{path}/delete"], warnings=_may_change(callee))
        yield from _none_anywhere(workflow, target.tree)
        return
    edits = _edits(workflow, job, callee, used)
    what, them = (f"the {len(used)} secrets", "them") if len(used) > 1 else ("the one secret", "it")
    optional = " as optional" if _missing(callee, used) else " already"
    why = f"{job.uses} gets {what} that it uses, by name, and declares {them}{optional}."
    declares = [dotted((*job.path, "secrets")), *_DECLARATIONS]
    warnings = _doubts(workflow, job, callee, used)
    yield model.candidate("secrets-named", edits, why, declares=declares, warnings=warnings)
    others = [call for call in _others(workflow, target.tree) if call[2]]
    if len(others) > 1:
        edits = [edit for one in others for edit in _edits(workflow, *one)]
        declares = [*(dotted((*one.path, "secrets")) for one, _, _ in others), *_DECLARATIONS]
        why = f"Each of the {len(others)} calls hands on the secrets that its workflow uses, by name."
        warnings = [doubt for one in others for doubt in _doubts(workflow, *one)]
        yield model.candidate("secrets-named-file", edits, why, declares=declares, warnings=warnings)


def _doubts(workflow: Workflow, job: Job, callee: Workflow, used: list[str]) -> list[str]:
    found = [*_may_change(callee)]
    if any(one.node.child("environment") is not None for one in callee.jobs):
        found.append("a job of the called workflow has an environment: its own secrets of these names still win")
    branch = job.uses.partition("@")[2]
    if branch and callee.doc.path != workflow.doc.path and _missing(callee, used):
        found.append(f"the call runs what `{branch}` has: it fails until the declarations are merged there")
    return found


def _may_change(callee: Workflow) -> Iterator[str]:
    """What a workflow of another repository uses may be another day, unless it is called at a commit."""
    theirs = callee.tree
    if isinstance(theirs, called.Called) and not theirs.call.commit:
        yield f"{theirs.call} was read at {theirs.commit[:12]}, by {theirs.where}: it may use others one day"


_DECLARATIONS = ("on.workflow_call.secrets", "on.workflow_call")


def _none_anywhere(workflow: Workflow, tree: SourceTree) -> Iterator[Candidate]:
    """The same for every call of the file whose workflow uses no secret."""
    calls = [(job, callee) for job, callee, names in _others(workflow, tree) if not names]
    if len(calls) > 1:
        edits = [yamledit.delete_key(workflow.doc, job.node, "secrets") for job, _ in calls]
        why = (
            f"None of {len(calls)} workflows that are called here uses a secret but the token, which they have anyway."
        )
        declares = [f"{dotted((*job.path, 'secrets'))}/delete" for job, _ in calls]
        warnings = [one for _, callee in calls for one in _may_change(callee)]
        yield model.candidate("secrets-none-file", edits, why, declares=declares, warnings=warnings)


def _others(workflow: Workflow, tree: SourceTree) -> Iterator[tuple[Job, Workflow, list[str]]]:
    """Every call of the file that hands on all secrets to a workflow whose names can be read."""
    for job in workflow.jobs:
        if job.node.text("secrets") != "inherit":
            continue
        try:
            callee = _callee(job.uses, tree)
            used = _used(callee, 0)
            list(_declared(callee, used))
        except NoFix:
            continue
        yield job, callee, used


def _edits(workflow: Workflow, job: Job, callee: Workflow, used: list[str]) -> list[Edit]:
    edits = [_named(workflow, job, callee, used), *_declared(callee, used)]
    own = workflow.root.get("on", "workflow_call", "secrets")
    if own is not None and own.entries and workflow.doc.path != callee.doc.path:
        # A workflow that declares secrets may name only those; its own callers may still hand on all.
        edits += _declared(workflow, used)
    return edits


def _callee(uses: str, tree: SourceTree) -> Workflow:
    """The called workflow.

    Raises:
        NoFix: it is in another repository, or not in the tree.
    """
    path = uses[2:] if uses.startswith(("./", "$/")) else own.path_of(uses, tree)
    if path is None:
        theirs = called.find(uses)
        if theirs is None:
            message = f"{uses.partition('@')[0]} is in another repository: `secaid pins` reads which secrets it uses"
            raise NoFix(message)
        path, tree = theirs.call.path, theirs
    try:
        doc = yamldoc.parse(
            tree.read(path), f"{tree.call.repository}/{path}" if isinstance(tree, called.Called) else path
        )
    except (SourceUnavailable, yamldoc.YamlBroken) as error:
        raise NoFix(str(error)) from error
    if doc.root.kind != "mapping" or doc.root.get("on") is None:
        message = f"{path} is no workflow"
        raise NoFix(message)
    return Workflow(doc, tree)


def _used(callee: Workflow, depth: int) -> list[str]:
    """The secrets that a workflow refers to, and hands on; upper case, without the token.

    Raises:
        NoFix: which they are cannot be read.
    """
    source = re.sub(r"(?m)^\s*#.*", "", callee.doc.content.decode("utf-8", "replace"))
    text = "\n".join(match[0] for match in model.EXPRESSION.finditer(source))
    if _WHOLE.search(text):
        message = f"{callee.doc.path} uses secrets that are named only at run time"
        raise NoFix(message)
    found = {(match["name"] or match["index"]).upper() for match in _NAMED.finditer(text)}
    for job in callee.jobs:
        if job.node.text("secrets") == "inherit" and callee.tree is not None:
            if depth >= _MAX_DEPTH:
                message = f"{callee.doc.path} hands its secrets on too deep"
                raise NoFix(message)
            found |= set(_used(_callee(job.uses, callee.tree), depth + 1))
    return sorted((found | _declarations(callee).keys()) - {"GITHUB_TOKEN"})


def _declarations(callee: Workflow) -> dict[str, str]:
    """What a workflow declares: names in upper case, and as they are written."""
    node = callee.root.get("on", "workflow_call", "secrets")
    return {key.value.upper(): key.value for key, _ in node.entries} if node is not None else {}


def _named(workflow: Workflow, job: Job, callee: Workflow, used: list[str]) -> Edit:
    spelled = _declarations(callee)
    given = {spelled.get(name, name): f"${{{{ secrets.{name} }}}}" for name in used}
    return yamledit.set_key(workflow.doc, job.node, "secrets", given)


def _missing(callee: Workflow, used: list[str]) -> list[str]:
    """Those of the secrets that the called workflow does not declare."""
    declared = _declarations(callee)
    return [name for name in used if name not in declared]


def _declared(callee: Workflow, used: list[str]) -> Iterator[Edit]:
    """The declarations that the called workflow lacks.

    Raises:
        NoFix: it cannot have them.
    """
    missing: dict[str, yamltext.Value] = {name: {"required": False} for name in _missing(callee, used)}
    if not missing:
        return
    if isinstance(callee.tree, called.Called):
        message = (
            f"{callee.tree.call} uses the secret {next(iter(missing))} without declaring it: only `inherit` hands it on"
        )
        raise NoFix(message)
    call = callee.root.get("on", "workflow_call")
    on = callee.root.child("on")
    if call is None or on is None or on.kind != "mapping":
        message = f"{callee.doc.path} lists its triggers so that it can declare no secrets: write them as keys"
        raise NoFix(message)
    try:
        if call.empty:
            yield yamledit.set_key(callee.doc, on, "workflow_call", {"secrets": missing})
        else:
            yield from yamledit.put_all(callee.doc, call, "secrets", missing)
    except ValueError as error:
        message = f"the secrets of {callee.doc.path} cannot be added to: {error}"
        raise NoFix(message) from error
