"""Whether a job still has the git credentials that a later step uses, where a fix stops checkout from keeping them."""

from __future__ import annotations

import re

from workers.source import clones, pushing
from workers.source.ran import Ran, ran
from workers.source.tree import SourceTree
from workers.verify.workflows import local
from workers.verify.workflows.model import Job, Step

_CHECKOUT = "actions/checkout"
_USES_GIT = re.compile(
    r"\bgit\s+(?:-\S+(?:\s+[^-\s]\S*)?\s+)*(?:push|fetch|pull|ls-remote)\b|\bgit\s+submodule\s+(?:update|add)\b"
    r"|\bgit\s+lfs\s+(?:pull|push|fetch)\b|\bmkdocs\s+gh-deploy\b|\bmike\s+deploy\b.*--push"
    r"|\bgh-pages\s+-|\bnpx\s+gh-pages\b|\brelease-it\b|\bcargo\s+release\b|\brelease:prepare\b|\bdocusaurus\s+deploy\b"
    r"|\blerna\s+(?:publish(?!\s+from-)|version)\b(?!.*--no-(?:push|git-tag))|\bangular-cli-ghpages\b|\bng\s+deploy\b"
)
_OWN_CREDENTIALS = re.compile(
    r"x-access-token|\bgh\s+auth\s+setup-git\b|\bgit\s+remote\s+(?:set-url|add)\b.*(?:@|\$)|https://[^\s/]*(?:\$|@)"
    r"|\bgit\s+config\b[^\n]*(?:insteadOf|extraheader|credential)|GIT_ASKPASS|\.netrc|GIT_SSH_COMMAND|\bssh-add\b",
    re.IGNORECASE,
)
_AUTHOR = re.compile(r"\bgit\s+config\b[^\n]*\buser\.(?:name|email)[ \t]+\S|\bGIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL)")
_COMMITS = re.compile(r"create-pull-request|commit|push|release|gh-pages|pages-deploy|changesets")
"""Actions that are known to do it with a token of their own."""
_STAYS = re.compile(
    r"\bgh\s+auth\s+setup-git\b|\bgit\s+remote\s+(?:set-url|add)\b|\bgit\s+config\b[^\n]*(?:insteadOf|extraheader"
    r"|credential)|\.netrc|\bssh-add\b|GIT_ASKPASS|GIT_SSH_COMMAND",
    re.IGNORECASE,
)
"""What a step sets up for those after it, too."""
_PUSHING_AS_CHECKED_OUT = frozenset(
    (
        "endbug/add-and-commit",
        "korthout/backport-action",
        "py-cov-action/python-coverage-comment-action",
        "rubygems/release-gem",
        "stefanzweifel/git-auto-commit-action",
        "zeebe-io/backport-action",
    )
)
"""They push with what checkout keeps, also where they get a token: that one is for the API."""
_PUSHING_ACTIONS = frozenset(
    (
        "ad-m/github-push-action",
        "axel-op/googlejavaformat-action",
        "mikeal/publish-to-github-action",
        "cycjimmy/semantic-release-action",
        "phips28/gh-action-bump-version",
        "sbt/sbt-release",
        "commitizen-tools/commitizen-action",
    )
)
PUSHING = _PUSHING_AS_CHECKED_OUT | _PUSHING_ACTIONS
_OWN_TOKEN_INPUTS = ("token", "github_token", "github-token", "ssh-key", "push_token")


_SEEMS_TO_PUSH = re.compile(
    r"(?:^|[/-])(?:(?<!build-)push(?!-to-)|(?<!pre-)commit|rebase|backport|cherry-?pick|fast-forward|bump|autofix"
    r"|(?:branch|repo|fork|upstream)-sync|sync-(?:branch|branches|repo|fork|upstream))(?![a-z])"
)
_TOLD_TO_PUSH = re.compile(r"git[-_]?push|(?:auto|git)[-_]?commit|auto[-_]?push|push[-_]changes", re.IGNORECASE)
_MAY_PUSH_AS_SOMEBODY = re.compile(
    r"sync|push|(?<!pre-)commit|release|publish|deploy|bump|version|update|merge|rebase|\btag"
)
_CHANGES_FILES = re.compile(r"sync|(?<!pre-)commit|bump|version|update|rebase")
# autofix-ci hands its patch to an app, which pushes it.
_SAFE_OWNERS = ("autofix-ci/", "docker/", "depot/", "actions/", "github/", "codecov/", "gradle/")
_BY_API = re.compile(r"comment|label|issue|review|milestone|reaction")
"""They write what git does not hold."""
_OWN_TOKEN = re.compile(r"secrets\.(?!GITHUB_TOKEN\b)\w+|steps\.[\w-]+\.outputs\.[\w-]*token", re.IGNORECASE)


def lost(before: Job, after: Job, tree: SourceTree, *, writes: bool = False) -> str | None:
    """Which later step would push or fetch without the credentials that it had; none where all keep them.

    `writes` is whether the job's token may write contents.
    """
    if len(before.steps) != len(after.steps):
        return None
    for index, (old, new) in enumerate(zip(before.steps, after.steps, strict=True)):
        if old.action == _CHECKOUT and keeps(old) and not keeps(new):
            later = after.steps[index + 1 :]
            user = _user(later, tree, somebody=_as_somebody(old)) or _shares(old, later)
            if user is not None:
                return f"job {before.name}: {user} needs the git credentials that checkout no longer keeps"
            if (writes or _as_somebody(old)) and _prepares(after.steps, tree):
                return f"job {before.name} sets git's author, and what pushed for it as checkout did is not seen"
    return None


def _shares(checkout: Step, steps: tuple[Step, ...]) -> str | None:
    """An action that changes files by its name, and gets the very secret that the checkout was made with."""
    secret = _OWN_TOKEN.search(checkout.inputs.get("token", ""))
    if secret is None:
        return None
    for step in steps:
        action = step.action or ""
        given = any(secret[0] in value for value in step.inputs.values())
        if (
            given
            and _CHANGES_FILES.search(action)
            and not _BY_API.search(action)
            and not action.startswith(_SAFE_OWNERS)
        ):
            return action
    return None


def _prepares(steps: tuple[Step, ...], tree: SourceTree) -> bool:
    """Whether commits are prepared that no step is seen to push."""
    texts = [
        text
        for step in steps
        for text in ((step.run or ""), *(each.text or "" for each in ran(step.run or "", step.folder, tree)))
    ]
    env = {name for step in steps for name in step.env}
    named = any(_AUTHOR.search(text) for text in texts) or any(_AUTHOR.search(name) for name in env)
    pushed = any(_USES_GIT.search(text) or _OWN_CREDENTIALS.search(text) for text in texts)
    return named and not pushed and not any(_COMMITS.search(step.action or "") for step in steps)


def keeps(step: Step) -> bool:
    """Whether a checkout leaves its credentials behind."""
    return step.inputs.get("persist-credentials", "true").strip().lower() != "false"


def _as_somebody(checkout: Step) -> bool:
    """Whether the checkout was made with credentials that no later step has unless they stay."""
    return bool(_OWN_TOKEN.search(checkout.inputs.get("token", ""))) or "ssh-key" in checkout.inputs


def _user(steps: tuple[Step, ...], tree: SourceTree, *, somebody: bool, depth: int = 0) -> str | None:
    stays = ""
    for step in steps:
        if step.action == _CHECKOUT and keeps(step):
            return None
        run = step.run or ""
        stays = stays or ("ssh" if step.action == "webfactory/ssh-agent" else "".join(_STAYS.findall(run)[:1]))
        if _serves(stays, step) or _OWN_CREDENTIALS.search("\n".join((run, *step.env.values()))):
            continue
        if (match := _USES_GIT.search(clones.at_home(run))) is not None:
            return f"`{' '.join(match[0].split())}`"
        every = [*ran(run, step.folder, tree)]
        for each in every:
            if each.is_shell and (match := _USES_GIT.search(clones.at_home(each.text or ""))) is not None:
                return f"`{' '.join(match[0].split())}` of {each.name}"
        if (below := _below(run, step, every)) is not None:
            return below
        if step.action is not None and _acts(step, step.action, tree, somebody=somebody, depth=depth):
            return step.action
    return None


def _below(run: str, step: Step, every: list[Ran]) -> str | None:
    """What a program uses them for, or a task may by its name."""
    if step.action == "actions/github-script" and (verb := pushing.by_program(step.inputs.get("script", ""))):
        return f"`git {verb}` of a script of github-script"
    if (found := next(pushing.programs(every), None)) is not None:
        return f"`git {found[1]}` of {found[0]}"
    name = pushing.by_name(run, every)
    return f"`{name}`, of which nothing here shows that it does not push," if name is not None else None


def _acts(step: Step, action: str, tree: SourceTree, *, somebody: bool, depth: int) -> bool:
    """Whether an action uses the credentials, by what it is known for, by its name, or by its own steps."""
    if action.startswith(("./", "$/")):
        below = local.own_steps(step.uses or action, tree)
        return depth < local.MAX_DEPTH and _user(below, tree, somebody=somebody, depth=depth + 1) is not None
    if action in _PUSHING_AS_CHECKED_OUT or (somebody and action == "changesets/action"):
        return True
    if any(name in step.inputs for name in _OWN_TOKEN_INPUTS):
        return False
    if action in _PUSHING_ACTIONS:
        return True
    if action.startswith(_SAFE_OWNERS):
        return False
    if not step.env.keys().isdisjoint(("GITHUB_TOKEN", "GH_TOKEN")):
        return False
    return bool(
        _SEEMS_TO_PUSH.search(action)
        or any(_TOLD_TO_PUSH.fullmatch(name) and value.lower() == "true" for name, value in step.inputs.items())
        or (somebody and _MAY_PUSH_AS_SOMEBODY.search(action) and not _BY_API.search(action))
    )


def _serves(stays: str, step: Step) -> bool:
    """Whether what an earlier step set up still answers git here: `gh` does only where it has a token itself."""
    if "setup-git" not in stays:
        return bool(stays)
    return not step.everything.keys().isdisjoint(("GH_TOKEN", "GITHUB_TOKEN"))
