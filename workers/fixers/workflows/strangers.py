"""Whether a workflow that a stranger's pull request starts runs, reads or repeats anything that the stranger wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workers.fixers.workflows.model import EXPRESSION, Job, Step, Workflow

_ACTIONS = """
    actions-cool/check-user-permission actions-cool/issues-helper actions-cool/maintain-one-comment
    actions-ecosystem/action-add-labels actions-ecosystem/action-remove-labels actions/add-to-project
    actions/create-github-app-token actions/first-interaction actions/labeler actions/stale
    amannn/action-semantic-pull-request andymckay/labeler bcoe/conventional-release-labels codelytv/pr-size-labeler
    contributor-assistant/github-action dependabot/fetch-metadata dessant/label-actions dessant/lock-threads
    eps1lon/actions-label-merge-conflict fuxingloh/multi-labeler kentaro-m/auto-assign-action
    marocchino/sticky-pull-request-comment mheap/github-action-required-labels pascalgn/size-label-action
    peter-evans/create-or-update-comment peter-evans/find-comment pozil/auto-assign-issue
    release-drafter/release-drafter slackapi/slack-github-action srvaroa/labeler step-security/harden-runner
    styfle/cancel-workflow-action thehanimo/pr-title-checker thollander/actions-comment-pull-request
    tibdex/github-app-token timonvs/pr-labeler-action toshimaru/auto-author-assign"""
_ONLY_ASK = frozenset(_ACTIONS.split())
"""Actions that do no more than to call GitHub's API, or a chat's, with what they are given."""
_NUMBER = r"(?:number|id|node_id|merged|draft|state|merge_commit_sha|conclusion|run_number|run_attempt|workflow_id)"
_NOT_THEIRS = re.compile(
    rf"""\s*(?:
        github\.(?:repository(?:_owner|_id|_owner_id)?|run_id|run_number|run_attempt|sha|token|workspace|server_url
            |api_url|graphql_url|workflow|job|base_ref|event_name|actor|actor_id|triggering_actor)
      | github\.event\.(?:action|number|repository\.(?:name|full_name|default_branch|owner\.login))
      | github\.event\.(?:pull_request|workflow_run|issue)\.(?:{_NUMBER}|head\.sha|head_sha|html_url|event
            |user\.login|base\.(?:ref|sha|repo\.(?:name|full_name|owner\.login)))
      | github\.event\.comment\.(?:id|node_id|html_url|user\.login|author_association)
      | (?:secrets|vars|runner)\.\w+
      | steps\.[\w-]+\.outputs\.(?:app[-_])?token
    )\s*""",
    re.VERBOSE,
)
"""What the author of a pull request cannot choose the letters of."""
_COMMANDS = """
    echo printf true false test exit return if then else elif fi for do done while case esac in break continue sleep
    date grep egrep head tail sort uniq cut tr wc jq [ [[ { } ! gh set local"""
_PLAIN = frozenset(_COMMANDS.split())
"""Commands that run nothing else and open no file that they are not given."""
_FETCHES = re.compile(
    r"\bgh\s+(?:pr\s+checkout|run\s+download|extension|alias|repo\s+clone|release\s+download)\b|/zip\b"
)
_HANDS_ON = re.compile(r"GITHUB_ENV|GITHUB_PATH|\bexportVariable\b|\baddPath\b")
_LETS_GO_ON = re.compile(
    r"\bgh\s+(?:pr\s+(?:merge|review)|workflow\s+run)\b|/(?:merge|approve|dispatches)\b|\bapprove\w*\s*\("
    r"|\bcreate\w*Dispatch\w*|\b(?:pulls|repos)\.merge\w*|\benablePullRequestAutoMerge\b|\bcreateReview\b"
)
"""What merges or approves the stranger's work, or starts another workflow on it."""
_RUNS = re.compile(
    r"\beval\s*\(|\bFunction\s*\(|\bexec\w*\s*[.(]|\bspawn\w*\s*\(|child_process|\bdownload\w*\s*\(|\bimport\b|\brequire\s*\("
    r"|\breadFile"
)
_BASE = re.compile(
    r"\$\{\{\s*github\.(?:sha|base_ref|event\.(?:pull_request\.base\.(?:sha|ref)|repository\.default_branch))\s*\}\}"
)

_INNER = re.compile(r"[$<>]\((?P<one>[^()]*)\)|`(?P<other>[^`]*)`")
"""The innermost commands whose output another command gets."""


def let_in(workflow: Workflow, jobs: Iterable[Job]) -> str | None:
    """The first place where something of the stranger's may come into these jobs, as a sentence; none where none does.

    Scripts and actions that cannot be followed count as such a place: only what is known to do nothing else does not.
    """
    return next((place for job in jobs for place in _of_job(workflow, job)), None)


def repeated(workflow: Workflow, jobs: Iterable[Job]) -> str | None:
    """The first text of the stranger's that stands in a script of these jobs, as a sentence; none where none does."""
    scripts = (step.run or step.input("script") for job in jobs for step in workflow.steps_of(job))
    return next((place for script in scripts for place in _expressions(script)), None)


def _of_job(workflow: Workflow, job: Job) -> Iterator[str]:
    if job.uses:
        yield f"job {job.name} calls another workflow"
    for key in ("container", "services", "strategy", "defaults"):
        if job.node.child(key) is not None:
            yield f"job {job.name} has {key}, which nobody here follows"
    for step in workflow.steps_of(job):
        yield from _of_step(workflow, step)


def _of_step(workflow: Workflow, step: Step) -> Iterator[str]:
    if step.run:
        yield from _of_script(workflow, step)
    elif step.action == "actions/checkout":
        ref = step.input("ref")
        if step.input("repository") or (ref and not _BASE.fullmatch(ref.strip())):
            yield "a checkout names what it takes"
    elif step.action == "actions/github-script":
        script = step.input("script")
        yield from _expressions(script)
        if found := _RUNS.search(script) or _HANDS_ON.search(script) or _LETS_GO_ON.search(script):
            yield f"a script of github-script uses `{found[0]}`"
    elif step.action not in _ONLY_ASK:
        yield f"what {step.action or 'a step'} does with the pull request is not known here"


def _of_script(workflow: Workflow, step: Step) -> Iterator[str]:
    yield from _expressions(step.run)
    if workflow.shell(step) not in ("bash", "sh"):
        yield "a script is for another shell than bash"
    if found := _FETCHES.search(step.run) or _HANDS_ON.search(step.run) or _LETS_GO_ON.search(step.run):
        yield f"a script uses `{found[0]}`"
    if (name := _other_command(step.run)) is not None:
        yield f"a script runs `{name}`"
    around = [workflow.root, step.node, *([step.job.node] if step.job else [])]
    for node in around:
        env = node.child("env")
        for key, value in env.entries if env is not None else []:
            if re.search(rf"\b{re.escape(key.value)}\b", step.run):
                yield from _expressions(value.value)


def _expressions(text: str) -> Iterator[str]:
    for match in EXPRESSION.finditer(text):
        if not _NOT_THEIRS.fullmatch(match["inner"]):
            yield f"a script gets `{match[0]}`"


def _other_command(script: str) -> str | None:
    """The first command that is not one of the plain ones."""
    plain = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#[^\n]*", "", EXPRESSION.sub("x", script)))
    parts = []
    while (inner := _INNER.search(plain)) is not None:
        parts.append(inner["one"] or inner["other"] or "")
        plain = f"{plain[: inner.start()]}x{plain[inner.end() :]}"
    parts.append(plain)
    for part in parts:
        quiet = re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", "x", part, flags=re.DOTALL)
        for command in re.split(r"[\n;|&]+", quiet):
            words = [word for word in command.split() if not re.fullmatch(r"[A-Za-z_]\w*=\S*", word)]
            while words and words[0] in ("if", "then", "else", "elif", "do", "while", "!", "{"):
                words = words[1:]
            if words and words[0] not in _PLAIN and not words[0].startswith((">", "#")):
                return words[0]
    return None
