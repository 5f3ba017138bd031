"""What the inputs or the release of an action add to its needs: to write, or to prove itself to another service."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows.model import Step, Workflow
from workers.fixers.workflows.token import tokens
from workers.source.actions_lock import numbers

_OIDC: dict[str, tuple[str, str]] = {
    "aws-actions/configure-aws-credentials": ("role-to-assume", "aws-access-key-id"),
    "azure/login": ("client-id", "creds"),
    "codecov/codecov-action": ("use_oidc", "token"),
    "depot/bake-action": ("", "token"),
    "depot/build-push-action": ("", "token"),
    "google-github-actions/auth": ("workload_identity_provider", "credentials_json"),
    "hashicorp/vault-action": ("method", "token"),
    "jfrog/setup-jfrog-cli": ("oidc-provider-name", "access-token"),
    "pypa/gh-action-pypi-publish": ("", "password"),
    "pulumi/auth-actions": ("organization", ""),
    "tailscale/github-action": ("audience", ""),
}
"""Action → the input that means a token exchange (empty: always), and the input that means a key instead."""


def of_inputs(step: Step) -> Iterator[str]:
    """`scope:level` words of a step's inputs."""
    inputs = tokens.inputs(step)
    if step.action in _OIDC:
        token, key = _OIDC[step.action]
        if (not token or inputs.get(token, "false") not in ("false", "")) and not (key and key in inputs):
            yield "id-token:write"
    since, more = _SINCE.get(step.action, (0, ""))
    if (numbers(step.uses.partition("@")[2]) or (since,))[0] >= since:
        yield from more.split()
    for action, name, wanted, added in _BY_INPUT:
        if action == step.action and re.search(wanted, inputs.get(name, "")):
            yield from added.split()


def of_releases(workflow: Workflow, step: Step) -> Iterator[str]:
    """`scope:level` words of an action that adds to a release what it made, where the workflow may run for one."""
    if step.action == _ATTACHES and step.input("upload-release-assets") != "false" and _runs_for_releases(workflow):
        yield from ("actions:read", "contents:write")


def _runs_for_releases(workflow: Workflow) -> bool:
    on = workflow.root.child("on")
    push = on.child("push") if on is not None and on.kind == "mapping" else None
    tags = "push" in workflow.triggers and (push is None or push.child("tags") or not push.child("branches"))
    return bool(tags) or not {"release", "workflow_call"}.isdisjoint(workflow.triggers)


_ATTACHES = "anchore/sbom-action"
_SINCE = {"actions/stale": (9, "actions:write")}
"""What later releases need: this one keeps where it stopped in a cache, which it deletes before the next run."""
_BY_INPUT = (
    ("actions/attest", "push-to-registry", "true", "packages:write"),
    ("actions/attest-build-provenance", "push-to-registry", "true", "packages:write"),
    ("actions/configure-pages", "enablement", "true", "pages:write"),
    ("actions/dependency-review-action", "comment-summary-in-pr", r"always|on-failure|true", "pull-requests:write"),
    ("actions/download-artifact", "run-id", r"\S", "actions:read"),
    ("actions/stale", "delete-branch", "true", "contents:write"),
    ("amannn/action-semantic-pull-request", "wip", "true", "statuses:write"),
    ("anchore/sbom-action", "dependency-snapshot", "true", "contents:write"),
    ("aquasecurity/trivy-action", "github-pat", r"(?i)github[_.]token", "contents:write"),
    ("cloudflare/wrangler-action", "githubtoken", r"\S", "deployments:write"),
    ("dawidd6/action-download-artifact", "pr", r"\S", "pull-requests:read"),
    ("gradle/actions/setup-gradle", "add-job-summary-as-pr-comment", r"always|on-failure|true", "pull-requests:write"),
    ("gradle/actions/setup-gradle", "dependency-graph", r"submit", "contents:write"),
    ("gradle/gradle-build-action", "dependency-graph", r"submit", "contents:write"),
    ("jetbrains/qodana-action", "push-fixes", "branch|pull-request", "contents:write"),
    ("ncipollo/release-action", "discussioncategory", r"\S", "discussions:write"),
    ("softprops/action-gh-release", "discussion_category_name", r"\S", "discussions:write"),
    ("mikepenz/action-junit-report", "comment", "true", "pull-requests:write"),
    ("peter-evans/slash-command-dispatch", "reaction-token", r"(?i)^$|github[_.]token",
     "issues:write pull-requests:write"),
    ("pre-commit/action", "token", r"\S", "contents:write"),
    ("pulumi/actions", "comment-on-pr", "true", "pull-requests:write"),
    ("step-security/harden-runner", "policy", r"\S", "id-token:write"),
    ("uraimo/run-on-arch-action", "githubtoken", r"\S", "packages:write"),
)  # fmt: skip
"""Action, an input of it, what its value must hold, and the scopes that this adds."""
