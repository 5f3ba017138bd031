"""Which token scopes a job needs, inferred from what it uses and runs, and which it is granted.

This table is the verifier's own on purpose: a fixer that forgot a scope is caught by somebody else's memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.source import clones, pushing
from workers.source.ran import ran
from workers.source.tree import SourceTree
from workers.verify.workflows import credentials, local
from workers.verify.workflows.model import Job, Step, text

Need = tuple[str, ...]
"""Alternatives, each `scope:level`; one of them is enough."""
Grants = Mapping[str, str] | None
"""Scope → `read`, `write` or `none`; none where nothing is said, which the repository's default decides."""

_WRITE_CONTENTS: tuple[Need, ...] = (("contents:write",),)
_PULL_REQUEST: tuple[Need, ...] = (("contents:write",), ("pull-requests:write",))
_COMMENT: tuple[Need, ...] = (("issues:write", "pull-requests:write"),)
_OIDC: tuple[Need, ...] = (("id-token:write",),)
_CHECKS: tuple[Need, ...] = (("checks:write",),)
_ACTIONS: dict[str, tuple[Need, ...]] = {
    "actions/attest-build-provenance": (*_OIDC, ("attestations:write",)),
    "actions/attest-sbom": (*_OIDC, ("attestations:write",)),
    "actions/checkout": (("contents:read",),),
    "actions/create-release": _WRITE_CONTENTS,
    "actions/delete-package-versions": (("packages:write",),),
    "actions/deploy-pages": (("pages:write",), *_OIDC),
    "actions/first-interaction": _COMMENT,
    "actions/labeler": (("pull-requests:write", "issues:write"),),
    "actions/stale": _COMMENT,
    "actions/upload-release-asset": _WRITE_CONTENTS,
    "actions-ecosystem/action-add-labels": _COMMENT,
    "ad-m/github-push-action": _WRITE_CONTENTS,
    "anothrnick/github-tag-action": _WRITE_CONTENTS,
    "changesets/action": _PULL_REQUEST,
    "crazy-max/ghaction-github-pages": _WRITE_CONTENTS,
    "dorny/test-reporter": _CHECKS,
    "endbug/add-and-commit": _WRITE_CONTENTS,
    "enricomi/publish-unit-test-result-action": _CHECKS,
    "github/codeql-action/analyze": (("security-events:write",),),
    "github/codeql-action/upload-sarif": (("security-events:write",),),
    "google-github-actions/release-please-action": _PULL_REQUEST,
    "googleapis/release-please-action": _PULL_REQUEST,
    "goreleaser/goreleaser-action": _WRITE_CONTENTS,
    "hmarr/auto-approve-action": (("pull-requests:write",),),
    "jamesives/github-pages-deploy-action": _WRITE_CONTENTS,
    "marocchino/sticky-pull-request-comment": (("pull-requests:write",),),
    "mathieudutour/github-tag-action": _WRITE_CONTENTS,
    "mikepenz/action-junit-report": _CHECKS,
    "ncipollo/release-action": _WRITE_CONTENTS,
    "peaceiris/actions-gh-pages": _WRITE_CONTENTS,
    "peter-evans/create-or-update-comment": _COMMENT,
    "peter-evans/create-pull-request": _PULL_REQUEST,
    "release-drafter/release-drafter": _WRITE_CONTENTS,
    "softprops/action-gh-release": _WRITE_CONTENTS,
    "stefanzweifel/git-auto-commit-action": _WRITE_CONTENTS,
    "svenstaro/upload-release-action": _WRITE_CONTENTS,
    "thollander/actions-comment-pull-request": (("pull-requests:write",),),
}
_OIDC_WHEN = {
    "aws-actions/configure-aws-credentials": ("role-to-assume", "aws-access-key-id"),
    "azure/login": ("client-id", "creds"),
    "google-github-actions/auth": ("workload_identity_provider", "credentials_json"),
}
"""Action → the input that means a token exchange, and the input that means a key instead."""
_GIT_PUSH = re.compile(r"\bgit\s+(?:-\S+\s+\S+\s+)*push\b")
_COMMANDS: tuple[tuple[re.Pattern[str], tuple[Need, ...]], ...] = (
    (_GIT_PUSH, _WRITE_CONTENTS),
    (re.compile(r"\bgh\s+release\s+(?:create|upload|edit|delete)\b"), _WRITE_CONTENTS),
    (re.compile(r"\bgh\s+pr\s+(?:create|comment|edit|review|close|ready)\b"), (("pull-requests:write",),)),
    (re.compile(r"\bgh\s+pr\s+merge\b"), _PULL_REQUEST),
    (re.compile(r"\bgh\s+issue\s+(?:create|comment|close|edit|reopen)\b"), (("issues:write",),)),
    (re.compile(r"\bgh\s+(?:workflow\s+run|run\s+(?:cancel|rerun|delete))\b"), (("actions:write",),)),
    (re.compile(r"\b(?:docker|podman|skopeo|crane)\s+(?:image\s+)?push\s+\S*ghcr\.io"), (("packages:write",),)),
    (
        re.compile(
            r"\bmkdocs\s+gh-deploy\b|\bmike\s+deploy\b.*--push|\bgh-pages\s+-|\brelease-it\b|\bdocusaurus\s+deploy\b"
            r"|\blerna\s+(?:publish(?!\s+from-)|version)\b(?!.*--no-(?:push|git-tag))|\bcargo\s+release\b|\brelease:prepare\b"
        ),
        _WRITE_CONTENTS,
    ),
    (re.compile(r"\bnpm\s+publish\b[^\n]*--provenance"), _OIDC),
)
_NO_RELEASE = re.compile(r"--snapshot\b|^\s*(?:build|check|healthcheck)\b")
"""What GoReleaser is told where it publishes nothing."""
_SCRIPT: tuple[tuple[re.Pattern[str], tuple[Need, ...]], ...] = (
    (re.compile(r"\.issues\.(?:create|update|add|remove|set|lock|delete)\w*\("), _COMMENT),
    (re.compile(r"\.pulls\.(?:create|update|merge|request|submit|dismiss)\w*\("), (("pull-requests:write",),)),
    (
        re.compile(r"\.repos\.(?:create|update|delete|upload|merge)(?!Dispatch|CommitStatus|Deployment)\w*\("),
        _WRITE_CONTENTS,
    ),
    (re.compile(r"\.repos\.createCommitStatus\("), (("statuses:write",),)),
    (re.compile(r"\.repos\.createDeployment\w*\("), (("deployments:write",),)),
    (re.compile(r"\.git\.(?:create|update|delete)\w*\("), _WRITE_CONTENTS),
    (re.compile(r"\.checks\.(?:create|update)\w*\("), _CHECKS),
    (re.compile(r"\.actions\.(?:create|cancel|reRun|delete|approve|disable|enable)\w*\("), (("actions:write",),)),
)
_UNSEEN = re.compile(
    r"\b(?:github|octokit)\s*\.\s*(?:graphql|request)\b"
    r"|\b(?:require|import)\s*\(\s*(?!['\"`](?:node:)?(?:@[\w-]+/)?[A-Za-z][\w/-]*['\"`])[^)]{0,40}"
)
"""GitHub's API by a query or a path, and another file that may be handed the client."""
_OWN_TOKEN = re.compile(r"\$\{\{\s*secrets\.(?!GITHUB_TOKEN\b)\w+\s*\}\}|steps\.[\w-]+\.outputs\.token", re.IGNORECASE)
_JOBS_TOKEN = re.compile(r"\bsecrets\.GITHUB_TOKEN\b|\bgithub\.token\b", re.IGNORECASE)
_TOKEN_NAMES = ("token", "github_token", "github-token", "repo-token", "repo_token", "personal_token", "gh_token")


def needs(job: Job, tree: SourceTree) -> list[tuple[Need, str]]:
    """What the job's steps, and those of the local actions that it uses, need of the token, each with who needs it."""
    found: list[tuple[Need, str]] = []
    checkouts = [step for step in job.steps if step.action == "actions/checkout"]
    theirs = [step for step in checkouts if _brings_token(step) or "ssh-key" in step.inputs]
    pushes_as_somebody = bool(theirs)
    kept = any(credentials.keeps(step) and step not in theirs for step in checkouts)
    own_images = _logs_in_as_somebody(job, tree)
    for step in local.unfolded(job.steps, tree):
        if kept and not pushes_as_somebody and _pushes_with_git(step):
            # Git sends what checkout keeps first, whatever token stands in the address or in the environment.
            found += [(need, step.action or "a script") for need in _WRITE_CONTENTS]
        if kept and not pushes_as_somebody:
            found += [(need, name) for name in _below(step, tree) for need in _WRITE_CONTENTS]
        if _brings_token(step) or (pushes_as_somebody and _only_pushes(step)):
            continue
        wanted = [need for need in of_step(step) if not (own_images and need == ("packages:write",))]
        found += [(need, step.action or "a script") for need in wanted]
    return found


def _logs_in_as_somebody(job: Job, tree: SourceTree) -> bool:
    """Whether whoever pushes to GitHub's registry has logged in with a secret of its own."""
    logins = [step.inputs for step in local.unfolded(job.steps, tree) if step.action == "docker/login-action"]
    ours = [given for given in logins if "ghcr" in given.get("registry", "")]
    return bool(ours) and all(_OWN_TOKEN.search(given.get("password", "")) for given in ours)


def _below(step: Step, tree: SourceTree) -> Iterator[str]:
    """The programs and scripts of the repository that a step runs and that push."""
    every = [*ran(step.run or "", step.folder, tree)]
    yield from (name for name, verb in pushing.programs(every) if verb == "push")
    yield from (each.name for each in every if each.is_shell and _GIT_PUSH.search(clones.at_home(each.text or "")))


def hidden(job: Job, tree: SourceTree) -> str | None:
    """A step that does with the token what its own text does not tell; none where there is none."""
    for step in local.unfolded(job.steps, tree):
        script = step.inputs.get("script", "") if step.action == "actions/github-script" else ""
        if not _brings_token(step) and (match := _UNSEEN.search(script)) is not None:
            return f"a script of github-script with `{' '.join(match[0].split())}`"
        if local.is_program(step.uses or "", tree) and _gets_the_jobs_token(step):
            return f"the program of {step.uses}"
    return None


def _gets_the_jobs_token(step: Step) -> bool:
    return any(_JOBS_TOKEN.search(value) for value in (*step.inputs.values(), *step.everything.values()))


def _pushes_with_git(step: Step) -> bool:
    return step.action in credentials.PUSHING or _GIT_PUSH.search(clones.without_own(step.run or "")) is not None


def _only_pushes(step: Step) -> bool:
    """Whether all that a script needs is to push, which it does as whom the checkout was made."""
    needed = list(_by_commands(step.run or ""))
    return bool(needed) and needed == list(_WRITE_CONTENTS) and "gh " not in (step.run or "")


def grants(own: Any, around: Any) -> Grants:
    """What a job's `permissions` (or else the workflow's) grant."""
    value = own if own is not None else around
    if value is None:
        return None
    if isinstance(value, dict):
        return {str(scope): text(level) or "none" for scope, level in value.items()}
    word = (text(value) or "").removesuffix("-all")
    return {"*": word if word in {"read", "write"} else "none"}


def satisfied(need: Need, granted: Grants) -> bool:
    """Whether one of the alternatives is granted."""
    if granted is None:
        return True
    for alternative in need:
        scope, _, level = alternative.partition(":")
        given = granted.get(scope, granted.get("*", "none"))
        if given == "write" or given == level:
            return True
    return False


def of_step(step: Step) -> Iterator[Need]:
    """What a step needs of the token that it works with."""
    action = step.action or ""
    if not (action == "goreleaser/goreleaser-action" and _NO_RELEASE.search(step.inputs.get("args", ""))):
        yield from _ACTIONS.get(action, ())
    if action in _OIDC_WHEN:
        token, key = _OIDC_WHEN[action]
        if token in step.inputs and key not in step.inputs:
            yield from _OIDC
    if action == "pypa/gh-action-pypi-publish" and "password" not in step.inputs:
        yield from _OIDC
    if action == "docker/build-push-action" and _pushes_to_github(step):
        yield ("packages:write",)
    if action == "actions/github-script":
        yield from _matching(_SCRIPT, step.inputs.get("script", ""))
    yield from _by_commands(step.run or "")


def _by_commands(script: str) -> Iterator[Need]:
    home = clones.without_own(script)
    for pattern, wanted in _COMMANDS:
        if pattern.search(home if pattern is _GIT_PUSH else script):
            yield from wanted


def _matching(patterns: tuple[tuple[re.Pattern[str], tuple[Need, ...]], ...], script: str) -> Iterator[Need]:
    for pattern, wanted in patterns:
        if pattern.search(script):
            yield from wanted


def _pushes_to_github(step: Step) -> bool:
    return step.inputs.get("push", "false") != "false" and "ghcr.io" in step.inputs.get("tags", "")


def _brings_token(step: Step) -> bool:
    """Whether it works with a token of its own, to which the job's permissions mean nothing."""
    given = [value for name, value in step.inputs.items() if name.lower() in _TOKEN_NAMES]
    # What stands around an action is not meant for it: its own input has a default, the job's token.
    env = step.env if step.action else step.everything
    given += [value for name, value in env.items() if name.upper() in {"GITHUB_TOKEN", "GH_TOKEN"}]
    return bool(given) and all(_OWN_TOKEN.search(value) for value in given)
