"""Triggers that run with the repository's rights for whoever opens a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.workflows import gates, model, strangers
from workers.fixers.workflows.model import EXPRESSION, Job, Workflow
from workers.fixers.workflows.token import scopes
from workers.source import yamledit
from workers.source.yamldoc import Node

_DANGEROUS = "pull_request_target"
_SAFE = "pull_request"
_SECRET = re.compile(r"\bsecrets\.(?!GITHUB_TOKEN\b)[A-Za-z_]\w*|\bsecrets\s*[\[)]", re.IGNORECASE)
_HARMLESS_WRITES = frozenset(("pull-requests:read", "contents:read", "issues:read", "checks:read", "statuses:read",
                              "actions:read", "deployments:read", "packages:read"))  # fmt: skip

_OTHERS = {
    "workflow_run": "`workflow_run` hands the rights of this workflow to whatever ran before it: splitting it, or "
    "calling it with `workflow_call`, needs a person who knows both",
    "issue_comment": "`issue_comment` hands the rights of this workflow to whoever may comment, and to the pull "
    "request that is commented on: who may start it, and what it may take from there, is for a person to say",
}
"""Triggers that nothing takes the place of, and why."""
_GATES = ("own branches", "merged", "own runs")
_ENOUGH = ("own branches", "Dependabot")
"""Gates behind which `pull_request` gives what `pull_request_target` does."""


@fixer(
    name="dangerous-triggers",
    weakness="A stranger's pull request starts a run with the repository's secrets and token",
    rules={"zizmor": ["dangerous-triggers"], "codeql": ["actions/untrusted-checkout/*"],
           "scorecard": ["DangerousWorkflowID"],
           "semgrep": ["pull-request-target-code-checkout", "workflow-run-target-code-checkout"]},
    explain=(
        "`pull_request_target`, `workflow_run` and `issue_comment` run in the repository itself, with its secrets and "
        "a token that may write, although a fork's pull request or anybody's comment started them. "
        "`pull_request` runs the same jobs with a token that reads and without secrets. That is enough where the jobs "
        "only read, and where their conditions let no fork in: "
        "Dependabot and branches of the repository itself have the same token there. Where they comment, label, push "
        "or need a secret for a fork's pull request, the work has to be split in two workflows by a person; where "
        "they do no more than to call the API with nothing that the author wrote, there is nothing to mend. "
        "Approaches: `pull_request`, also in conditions that name the event."
    ),
)  # fmt: skip
def propose(target: Target) -> Iterator[Candidate]:
    """`pull_request_target` → `pull_request`, where the jobs need no more.

    Raises:
        Harmless: nothing of the pull request gets into the run.
    """
    workflow = model.read(target)
    try:
        _enough(target, workflow)
    except NoFix:
        _harmless(target, workflow)
        raise
    node = _trigger(workflow)
    if _SAFE in workflow.triggers:
        message = f"the workflow runs on `{_SAFE}` as well: which of the two a fork needs is for a person to say"
        raise NoFix(message)
    edits = [_renamed(workflow, node), *_conditions(workflow)]
    why = f"{_reason(workflow)} It uses the workflow of the pull request instead of that of the base branch."
    declares = ["on", "on.pull_request", f"on.{_DANGEROUS}/delete", "on/delete", "jobs.*.if", "jobs.*.steps.*.if"]
    declares += ["jobs.*.concurrency", "concurrency", "jobs.*.steps.*.env", "jobs.*.steps.*.run", "jobs.*.steps.*.with"]
    yield model.candidate("pull-request", edits, why, declares=declares if len(edits) > 1 else declares[:4])


def _event(target: Target, workflow: Workflow) -> str:
    """The trigger that is reported: the message names it."""
    present = [event for event in (_DANGEROUS, *_OTHERS) if event in workflow.triggers]
    named = [event for event in present if event in target.finding.message]
    return next(iter(named or present), _DANGEROUS)


def _trigger(workflow: Workflow) -> Node:
    on = workflow.root.child("on")
    if on is None:
        message = "the workflow has no triggers"
        raise NoFix(message)
    found = on.key(_DANGEROUS) if on.kind == "mapping" else None
    items = [on, *on.items] if on.kind in ("scalar", "sequence") else []
    found = found or next((item for item in items if item.kind == "scalar" and item.value == _DANGEROUS), None)
    if found is None:
        message = "the trigger is written through an alias"
        raise NoFix(message)
    return found


def _reason(workflow: Workflow) -> str:
    gated = [gates.gate(workflow, job, _ENOUGH) is not None for job in workflow.jobs]
    read = (
        "The jobs only read, so they run on `pull_request`, where a fork's run has a token that reads and no secrets."
    )
    if not any(gated):
        return read
    inside = "for Dependabot or branches of the repository itself alone, which have the same token on `pull_request`"
    return f"The jobs run {inside}." if all(gated) else f"{read} Some run {inside}."


def _harmless(target: Target, workflow: Workflow) -> None:
    """Raises `Harmless` where nothing that a stranger wrote gets into the run."""
    events = {_DANGEROUS, *_OTHERS} & {*workflow.triggers}
    if target.finding.tool != "zizmor" or not events:
        return
    gated = {job.name: gates.gate(workflow, job, _GATES) if len(events) == 1 else None for job in workflow.jobs}
    jobs = [job for job in workflow.jobs if gated[job.name] is None]
    merged = [job for job in workflow.jobs if gated[job.name] == "merged"]
    if strangers.let_in(workflow, jobs) or strangers.repeated(workflow, merged):
        return
    if not jobs:
        message = "no job runs before somebody who may push has merged or pushed what it works on, as its `if` says"
    else:
        message = "nothing that a stranger wrote is checked out, run or put into a script here: the jobs only call the "
        message += "API. Keep it so: the trigger hands them the repository's rights"
    raise Harmless(message)


def _enough(target: Target, workflow: Workflow) -> None:
    """Raises `NoFix` where a job needs what `pull_request` does not give to a fork."""
    if (why := _OTHERS.get(_event(target, workflow))) is not None:
        raise NoFix(why)
    for job in workflow.jobs:
        if gates.gate(workflow, job, ("own branches",)) is None:
            _enough_for(target, workflow, job)


def _enough_for(target: Target, workflow: Workflow, job: Job) -> None:
    rest = "\n".join(workflow.doc.source(value) for key, value in workflow.root.entries if key.value != "jobs")
    text = re.sub(r"(?m)^\s*#.*", "", f"{rest}\n{workflow.doc.source(job.node)}")
    secret = next((found for match in EXPRESSION.finditer(text) if (found := _SECRET.search(match[0]))), None)
    if secret is not None:
        message = f"the jobs use {secret[0]}, which a fork's run does not get: split the work in two workflows"
        raise NoFix(message)
    if job.node.text("secrets") == "inherit":
        message = f"job {job.name} hands on all secrets, which a fork's pull request does not get"
        raise NoFix(message)
    wanted = scopes.certain(workflow, job, target.tree)
    own = scopes.granted(job.node.child("permissions"))
    own = own if own is not None else scopes.granted(workflow.root.child("permissions"))
    if own is not None and gates.gate(workflow, job, ("Dependabot",)):
        # What Dependabot starts has a token that reads, unless the file says what it may write.
        wanted = {scope: level for scope, level in wanted.items() if own.get(scope) != level}
        own = {}
    writes = [word for word in [*scopes.words(wanted), *scopes.words(own or {})] if word not in _HARMLESS_WRITES]
    if writes:
        message = f"job {job.name} needs {writes[0]}, which a fork's pull request does not get: split the work in "
        message += "two workflows"
        raise NoFix(message)


def _renamed(workflow: Workflow, node: Node) -> Edit:
    source = workflow.doc.source(node)
    at = node.start + source.index(_DANGEROUS)
    return yamledit.edit(workflow.doc, at, at + len(_DANGEROUS), _SAFE)


def _conditions(workflow: Workflow) -> Iterator[Edit]:
    """Comparisons with the event's name."""
    content = workflow.doc.content
    for match in re.finditer(rb"(?P<quote>['\"])pull_request_target(?P=quote)", content):
        line = content[workflow.doc.line_start(match.start()) : match.start()]
        if (
            not line.lstrip().startswith(b"#")
            and b"event_name" in content[max(0, match.start() - 80) : match.end() + 40]
        ):
            yield yamledit.edit(workflow.doc, match.start() + 1, match.end() - 1, _SAFE)
