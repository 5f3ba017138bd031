"""Which scopes of the token a job needs: a job, and the tree it runs in → scopes, or the step that hides its needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workers.fixers.registry import NoFix
from workers.fixers.workflows import credentials
from workers.fixers.workflows.model import Job, Step, Workflow
from workers.fixers.workflows.token import (
    composites,
    goreleaser,
    image_scopes,
    input_scopes,
    javascript_scopes,
    known_actions,
    package_scopes,
    run_scopes,
    script_scopes,
    tokens,
)
from workers.fixers.workflows.token.script_scopes import Opaque
from workers.source import actions_lock, called, pushing
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node

Scopes = dict[str, str]
"""Scope → `read` or `write`."""

ALL = ("actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token", "issues", "models",
       "packages", "pages", "pull-requests", "repository-projects", "security-events", "statuses")  # fmt: skip
_RETRY = ("nick-fields/retry", "nick-invision/retry")
"""They run the command that they are given, which is a script like any other."""
_MAY_WRITE = re.compile(
    r"release|publish|deploy|comment|label|issue|pull|merge|push|commit|assign|stale|approve|\btag|bump"
    r"|changelog|page|status|check|report|annotat|review|sarif|attest|packages|registry|delete|clean|prune|dispatch"
    r"|sync|bot\b|backport|cherry|rebase|badge|coverage|wiki|project|milestone|welcome|greet|semantic|lock"
    r"|rerun|cancel|dependabot|scan|audit|upload|upgrade|update|gist|\bpr[-_]|[-_]pr\b|rtd|triage|close",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Needs:
    """What a job needs."""

    scopes: Mapping[str, str]
    hidden: tuple[str, ...] = ()
    """What its needs cannot be read from, as sentences."""
    assumed: tuple[str, ...] = ()
    """Actions that are not known here, and by all that they are given only read."""
    told: tuple[str, ...] = ()
    """What called workflows of other repositories said when they were read, as sentences."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """What may be otherwise, as sentences."""
        unknown = "is not known here: it gets no token by name, so it is taken to only read"
        return (*(f"{action} {unknown}" for action in self.assumed), *self.told)


def of_job(workflow: Workflow, job: Job, tree: SourceTree) -> Needs:
    """The scopes that a job uses, and what hides others."""
    if job.uses:
        return _of_callee(job.uses, tree, 0)
    return _of_steps(workflow, job, workflow.steps_of(job), tree, 0)


def certain(workflow: Workflow, job: Job, tree: SourceTree) -> Scopes:
    """The scopes that a job needs.

    Raises:
        NoFix: something in it hides what it needs.
    """
    found = of_job(workflow, job, tree)
    if found.hidden:
        message = f"what job {job.name} needs of the token cannot be told: {found.hidden[0]}"
        raise NoFix(message)
    return dict(found.scopes)


def union(words: Iterable[str]) -> Scopes:
    """`scope:level` words as scopes, the higher level of each."""
    found: Scopes = {}
    for word in words:
        scope, _, level = word.partition(":")
        if found.get(scope) != "write":
            found[scope] = level
    return dict(sorted(found.items()))


def words(scopes: Mapping[str, str]) -> list[str]:
    """Scopes as `scope:level` words."""
    return [f"{scope}:{level}" for scope, level in scopes.items() if level in ("read", "write")]


def granted(node: Node | None) -> Scopes | None:
    """What a `permissions` block grants; none where there is none, or it is an expression."""
    if node is None:
        return None
    if node.kind == "scalar":
        level = node.value.removesuffix("-all")
        return dict.fromkeys(ALL, level) if level in ("read", "write") else {}
    return {key.value: value.value for key, value in node.entries} if node.kind == "mapping" else None


def _of_steps(
    workflow: Workflow,
    job: Job | None,
    steps: Iterable[Step],
    tree: SourceTree,
    depth: int,
    handed: frozenset[str] = frozenset(),
) -> Needs:
    """`handed` are the inputs of a composite action that hold the job's token, in lower case."""
    found = ["contents:read"]
    hidden: list[str] = []
    assumed: list[str] = []
    steps = list(steps)
    around = tokens.environment(workflow.root) | (tokens.environment(job.node) if job else {})
    checkouts = [step for step in steps if step.action == credentials.CHECKOUT]
    theirs = [step for step in checkouts if tokens.brings_own(step, {}, handed) or step.input("ssh-key")]
    kept = any(credentials.keeps(step) and step not in theirs for step in checkouts)
    for step in steps:
        env = around | tokens.environment(step.node)
        try:
            found += goreleaser.of_settings(step, tree)
            if step.run:
                said = list(run_scopes.of_script(step, env, tree, handed, own=bool(theirs), kept=kept))
                found += [*said, *run_scopes.of_pull_requests(workflow.triggers, said)]
            elif step.uses:
                # Whatever token such an action has: git sends what checkout keeps first, and asks for no other.
                found += ["contents:write"] if kept and _pushes(step) else []
                below = _of_action(step, env, tree, depth, handed)
                found += run_scopes.of_issues(workflow.triggers, step, words(below.scopes))
                found += input_scopes.of_releases(workflow, step)
                hidden += below.hidden
                assumed += below.assumed
        except Opaque as reason:
            hidden.append(str(reason))
    if job is not None:
        every = [*composites.unfolded(workflow, steps, tree, 0, frozenset())]
        if image_scopes.as_somebody(every):
            found = [word for word in found if word != "packages:write"]
        found += [*image_scopes.of_containers(workflow, job), *image_scopes.of_steps(every, tree)]
        found += package_scopes.of_job(workflow, job, every, tree)
    return Needs(union(found), tuple(dict.fromkeys(hidden)), tuple(dict.fromkeys(assumed)))


def _pushes(step: Step) -> bool:
    """Whether an action, or a script of github-script, pushes by git."""
    return step.action in credentials.PUSHING_ACTIONS or pushing.by_program(step.input("script")) == "push"


def _of_action(step: Step, env: Mapping[str, str], tree: SourceTree, depth: int, handed: frozenset[str]) -> Needs:
    if (local := composites.local(step.uses, tree)) is not None:
        return _of_local_action(local, step, env, tree, depth, handed)
    if step.uses.startswith("docker://"):
        hidden = (f"{step.uses} gets the token",) if tokens.has(step, env, handed) else ()
        return Needs({}, hidden)
    special = list(input_scopes.of_inputs(step))
    if tokens.brings_own(step, tokens.environment(step.node), handed) and step.action != "actions/checkout":
        return Needs(union(special))
    if step.action == "actions/github-script":
        return Needs(union([*special, *javascript_scopes.of_javascript(step.input("script"), tree)]))
    known = "" if goreleaser.only_builds(step) else known_actions.needs(step.action)
    if known is not None:
        runs = [*script_scopes.of_shell(step.input("command"))] if step.action in _RETRY else []
        return Needs(union([*known.split(), *special, *runs]))
    if credentials.pushes_by_input(step):
        return Needs(union(special), (f"{step.action} may push, and what for is not known here",))
    if _only_prepares(step, env, handed):
        return Needs(union(special))
    why = _why_hidden(step, env, handed)
    return Needs(union(special), (why,) if why else (), () if why else (step.action,))


def _only_prepares(step: Step, env: Mapping[str, str], handed: frozenset[str]) -> bool:
    """Whether an action sets up a tool, or has no input that a token could come in by."""
    name = step.action.rpartition("/")[2] if step.action.count("/") < 3 else step.action.split("/", 1)[1]
    if re.search(r"(?:^|[/-])(?:setup|install)(?:[/-]|$)", name):
        return True
    return _takes_token(step) is False and not tokens.has(step, env, handed)


def _takes_token(step: Step) -> bool | None:
    """Whether an action has an input for a token, which the job's may be the default of; none where unknown."""
    known = actions_lock.known(step.action) if step.action.count("/") == 1 else None
    listed = known.inputs if known is not None else None
    return None if listed is None else any(tokens.GITHUBS.fullmatch(one) for one in listed)


def _why_hidden(step: Step, env: Mapping[str, str], handed: frozenset[str]) -> str | None:
    """Why an action that is not known here may need more than to read the repository."""
    if tokens.has(step, env, handed):
        return f"{step.action} gets the token, and what it does with it is not known here"
    if _MAY_WRITE.search(step.action.partition("/")[2]) or _takes_token(step):
        return f"what {step.action} does with the token is not known here"
    return None


def _of_local_action(
    uses: str, step: Step, env: Mapping[str, str], tree: SourceTree, depth: int, handed: frozenset[str]
) -> Needs:
    if depth >= composites.MAX_DEPTH:
        return Needs({}, (f"{uses} nests too deep",))
    found = composites.read(tree, composites.definitions(uses))
    if found is None:
        return Needs({}, (f"the local action {uses} is not in the tree",))
    if found.root.text("runs", "using") != "composite":
        defaults = found.doc.content.decode("utf-8", "replace")
        takes = tokens.JOBS.search(defaults) is not None or tokens.has(step, env, handed)
        return Needs({}, (f"the local action {uses} takes the token, and is a program",) if takes else ())
    return _of_steps(found, None, found.steps, tree, depth + 1, composites.handed_on(found, step, handed))


def _of_callee(uses: str, tree: SourceTree, depth: int) -> Needs:
    """What a reusable workflow asks for: what it declares; else, where it is in the tree, what its jobs use."""
    path = composites.local(uses, tree)
    theirs = isinstance(tree, called.Called)
    if path is None:
        return _of_theirs(uses, depth)
    callee = composites.read(tree, [path[2:].partition("@")[0]])
    if callee is None or depth >= composites.MAX_DEPTH:
        return Needs({}, (f"the reusable workflow {uses} is not in the tree",))
    around = callee.root.child("permissions")
    # GitHub holds the workflow's own block against the caller, also where each job has another one.
    found, hidden, told = words(granted(around) or {}), list[str](), list[str]()
    for job in callee.jobs:
        block = job.node.child("permissions") or around
        if theirs and block is not None and block.value in ("read-all", "write-all"):
            hidden.append(f"its job {job.name} asks for `{block.value}`")
        elif (declared := granted(block)) is not None:
            found += words(declared)
        elif theirs and not job.uses:
            hidden.append(f"its job {job.name} says nothing of permissions")
        else:
            below = _of_callee(job.uses, tree, depth + 1) if job.uses else of_job(callee, job, tree)
            found += words(below.scopes)
            hidden += below.hidden
            told += below.told
    return Needs(union(found), tuple(dict.fromkeys(hidden)), told=tuple(dict.fromkeys(told)))


def _of_theirs(uses: str, depth: int) -> Needs:
    """What a workflow of another repository says that it asks for: by what is known of it, or as `secaid pins` read."""
    name = uses.partition("@")[0]
    if (asked := known_actions.asked_by(name)) is not None:
        return Needs(union(asked.split()))
    found = called.find(uses)
    if found is None:
        return Needs({}, (f"the reusable workflow {name} is in another repository: `secaid pins` reads it there",))
    below = _of_callee(f"./{found.call.path}", found, depth)
    hidden = tuple(f"of {name}, read at {found.commit[:12]}, {reason}" for reason in below.hidden)
    read = f"{name} asks for no more at {found.commit[:12]}, by {found.where}: with less than it asks, no job starts"
    return Needs(below.scopes, hidden, told=below.told if found.call.commit else (read, *below.told))
