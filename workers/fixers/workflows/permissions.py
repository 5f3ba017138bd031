"""Jobs whose token may do more than they use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Job, Workflow
from workers.fixers.workflows.token import callers, identity, permission_blocks, scopes
from workers.fixers.workflows.token.scopes import Scopes
from workers.source import yamldoc
from workers.source.yamldoc import Node

_READ: Scopes = {"contents": "read"}
_WHOLE = "CKV2_GHA_1"
"""Looks at the block of the workflow alone."""


@dataclass
class _Plan:
    """What each block becomes; no `top` means that it stays as it is."""

    top: Scopes | None = None
    jobs: dict[str, Scopes] = field(default_factory=dict)
    verbatim: bool = False
    """The jobs get the workflow's block as it is written, comments and all."""

    @property
    def asked(self) -> Scopes:
        """All that the workflow asks of whoever calls it."""
        blocks = [*self.jobs.values(), self.top or {}]
        return scopes.union(word for block in blocks for word in scopes.words(block))


@fixer(
    name="excessive-permissions",
    weakness="The workflow's token may do more than its jobs use",
    rules={
        "zizmor": ["excessive-permissions"],
        "checkov": [_WHOLE],
        "codeql": ["actions/missing-workflow-permissions"],
        "scorecard": ["TokenPermissionsID"],
        "semgrep": ["workflow-missing-permissions", "missing-permissions", "excessive-permissions"],
    },
    explain=(
        "Without a `permissions` block a job's token has the repository's default, which may be to write everything: "
        "whoever takes over one action or one dependency of the job can then push code, publish releases and change "
        "issues. A block names what the jobs use; what it does not name is none. Which scopes those are is read from "
        "the actions and commands of each job; where one of them hides what it does with the token, there is no fix "
        "but to look. Approaches: the workflow reads, and jobs that write say so; the workflow has nothing, and each "
        "job names its own; the flagged job alone."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """Too wide or missing blocks → the scopes that are used."""
    workflow = model.read(target)
    if not workflow.jobs:
        message = "the file has no jobs"
        raise NoFix(message)
    made = 0
    reasons: list[NoFix] = []
    for approach, plan, why in _approaches(target, workflow):
        try:
            found = plan()
            callers.allow(workflow, target.tree, found.asked)
            candidate = _candidate(target, workflow, approach, found, why)
        except NoFix as reason:
            reasons.append(reason)
            continue
        made += 1
        yield candidate
    if not made:
        raise reasons[0]


_Approach = tuple[str, Callable[[], _Plan], str]


def _approaches(target: Target, workflow: Workflow) -> Iterator[_Approach]:
    job = None if target.finding.rule == _WHOLE else _flagged_job(target, workflow)
    top = workflow.root.child("permissions")
    user = "the workflow that it calls asks for" if job is not None and job.uses else "its steps use"
    if job is not None and job.node.child("permissions") is not None:
        yield "permissions-job", lambda: _one(target, workflow, job), f"The job names the scopes that {user}."
        return
    if job is None and top is not None and top.kind == "mapping":
        yield from _narrowing(target, workflow)
        return
    yield (
        "permissions-read",
        lambda: _common(target, workflow, _READ),
        "The workflow's token only reads the code; a job that needs more says so itself.",
    )
    yield (
        "permissions-none",
        lambda: _common(target, workflow, {}),
        "The workflow's token may do nothing; each job names the scopes that its steps use.",
    )
    if job is not None:
        why = f"The job names the scopes that {user}; the other jobs stay as they are."
        yield "permissions-job", lambda: _one(target, workflow, job), why
        why = "Each job whose needs its steps show names them; the others stay as they are."
        yield "permissions-known-jobs", lambda: _known(target, workflow, job), why


def _flagged_job(target: Target, workflow: Workflow) -> Job | None:
    first, last = model.lines(target)
    jobs = workflow.root.child("jobs")
    if jobs is None or first < workflow.doc.line_of(jobs.start) or last - first > _length(workflow, jobs):
        return None
    return model.flagged_job(target, workflow)


def _length(workflow: Workflow, node: Node) -> int:
    return workflow.doc.line_of(node.end) - workflow.doc.line_of(node.start)


def _own(job: Job) -> Node | None:
    """The job's block, where it is one that says what it wants: `write-all` does not."""
    block = job.node.child("permissions")
    return block if block is not None and block.kind == "mapping" else None


def _common(target: Target, workflow: Workflow, top: Scopes) -> _Plan:
    """A block for the workflow, and one for each job that it does not suffice."""
    plan = _Plan(top)
    for job in workflow.jobs:
        if _own(job) is not None:
            continue
        wanted = _certain(target, workflow, job)
        if wanted != top or job.node.child("permissions") is not None:
            plan.jobs[job.name] = wanted
    return plan


def _one(target: Target, workflow: Workflow, job: Job) -> _Plan:
    return _Plan(jobs={job.name: _certain(target, workflow, job)})


def _certain(target: Target, workflow: Workflow, job: Job) -> Scopes:
    """What a job needs, with the identity that it has now where it may show it to somebody.

    Where a block says what it may, it gets no more: it has done without.
    """
    wanted = scopes.certain(workflow, job, target.tree)
    before = scopes.granted(job.node.child("permissions") or workflow.root.child("permissions"))
    wanted |= identity.proof(workflow, job, target.tree, _lent(target, workflow, job) if before is None else before)
    return dict(sorted((wanted if before is None else _within(wanted, before)).items()))


def _lent(target: Target, workflow: Workflow, job: Job) -> Scopes:
    """The identity that a reusable workflow has from its callers; no other has one that it does not ask for.

    Raises:
        NoFix: nobody in the tree calls it, and it may use what somebody else lends.
    """
    if "workflow_call" not in workflow.triggers:
        return {}
    full = dict.fromkeys(identity.SCOPES, "write")
    found = [*callers.of(workflow.doc.path, target.tree)]
    if not found and identity.proof(workflow, job, target.tree, full):
        message = f"what job {job.name} does with the identity that a caller may lend it cannot be told"
        raise NoFix(message)
    return full if any((one.lends or {}).get(scope) == "write" for one in found for scope in full) else {}


def _known(target: Target, workflow: Workflow, flagged: Job) -> _Plan:
    """A block for each job that hides nothing, where others do: the whole workflow cannot have one then."""
    without = [job for job in workflow.jobs if job.node.child("permissions") is None]
    found = {job.name: scopes.of_job(workflow, job, target.tree) for job in without}
    seen = [job for job in without if not found[job.name].hidden]
    plan = _Plan(jobs={job.name: _certain(target, workflow, job) for job in seen})
    if len(plan.jobs) in (0, 1, len(found)) or flagged.name not in plan.jobs:
        message = "the other approaches cover these jobs"
        raise NoFix(message)
    return plan


def _narrowing(target: Target, workflow: Workflow) -> Iterator[_Approach]:
    """The workflow grants writing to all jobs: only those that write keep it."""
    yield (
        "permissions-elevate",
        lambda: _elevated(target, workflow),
        "The workflow's token only reads; the jobs that write have the scopes that their steps use.",
    )
    yield (
        "permissions-move",
        lambda: _moved(workflow),
        "The block moves, as it is, to the jobs that it applied to: each can now be narrowed alone, and a new job "
        "starts with nothing.",
    )


def _elevated(target: Target, workflow: Workflow) -> _Plan:
    before = scopes.granted(workflow.root.child("permissions")) or {}
    top = {scope: "read" if level == "write" else level for scope, level in before.items()
           if level != "write" or scope not in identity.SCOPES}  # fmt: skip
    plan = _Plan(top)
    for job in workflow.jobs:
        if job.node.child("permissions") is not None:
            continue
        found = scopes.of_job(workflow, job, target.tree)
        # What hides its needs keeps all that it has had.
        wanted = (
            before
            if found.hidden
            else _within({**found.scopes, **identity.proof(workflow, job, target.tree, before)}, before)
        )
        if any(level == "write" for level in wanted.values()):
            plan.jobs[job.name] = {**{scope: level for scope, level in top.items() if level == "read"}, **wanted}
    return plan


def _within(wanted: Mapping[str, str], before: Mapping[str, str]) -> Scopes:
    return {scope: before[scope] if before[scope] == "read" else level
            for scope, level in wanted.items() if before.get(scope) in ("read", "write")}  # fmt: skip


def _moved(workflow: Workflow) -> _Plan:
    before = scopes.granted(workflow.root.child("permissions")) or {}
    without = [job for job in workflow.jobs if job.node.child("permissions") is None]
    return _Plan({}, {job.name: before for job in without}, verbatim=True)


def _candidate(target: Target, workflow: Workflow, approach: str, plan: _Plan, why: str) -> Candidate:
    edits: list[Edit] = []
    declares: list[str] = []
    if plan.top is not None:
        edits += permission_blocks.of_workflow(workflow, plan.top)
        declares += ["permissions", "permissions/delete"]
    for job in workflow.jobs:
        if job.name in plan.jobs:
            block = plan.jobs[job.name]
            edits.append(
                permission_blocks.copied(workflow, job)
                if plan.verbatim
                else permission_blocks.of_job(workflow, job, block)
            )
            declares.append(yamldoc.dotted((*job.path, "permissions")))
    if not edits:
        message = "every job says already what it may do"
        raise NoFix(message)
    read = {} if plan.verbatim else plan.jobs
    raised = [f"{name}: {', '.join(scopes.words(block))}" for name, block in read.items() if len(block) > 1]
    more = f" Read from what they run: {'; '.join(raised[:6])}." if raised else ""
    return model.candidate(approach, edits, why + more, declares=declares, warnings=_doubts(target, workflow, plan))


def _doubts(target: Target, workflow: Workflow, plan: _Plan) -> Iterator[str]:
    """The actions that only seem to read, and what workflows of others ask for."""
    if plan.verbatim:
        return
    for job in workflow.jobs:
        if job.name in plan.jobs or (plan.top is not None and job.node.child("permissions") is None):
            yield from scopes.of_job(workflow, job, target.tree).doubts
