"""What the inputs of an action add to its needs: one that makes it write, or prove itself to another service."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows import tokens
from workers.fixers.workflows.model import Step

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
    rule = _BY_INPUT.get(step.action)
    if rule is not None:
        name, wanted, added = rule
        if re.search(wanted, inputs.get(name, "")):
            yield from added.split()


_BY_INPUT = {
    "actions/dependency-review-action": ("comment-summary-in-pr", r"always|on-failure|true", "pull-requests:write"),
    "actions/stale": ("delete-branch", "true", "contents:write"),
    "actions/configure-pages": ("enablement", "true", "pages:write"),
    "actions/download-artifact": ("run-id", r"\S", "actions:read"),
    "actions/attest-build-provenance": ("push-to-registry", "true", "packages:write"),
    "actions/attest": ("push-to-registry", "true", "packages:write"),
    "cloudflare/wrangler-action": ("githubtoken", r"\S", "deployments:write"),
    "gradle/actions/setup-gradle": ("dependency-graph", r"submit", "contents:write"),
    "jetbrains/qodana-action": ("push-fixes", "branch|pull-request", "contents:write"),
    "peter-evans/slash-command-dispatch": (
        "reaction-token", r"(?i)^$|github[_.]token", "issues:write pull-requests:write"
    ),
    "step-security/harden-runner": ("policy", r"\S", "id-token:write"),
    "uraimo/run-on-arch-action": ("githubtoken", r"\S", "packages:write"),
}  # fmt: skip
"""Action → an input, what its value must hold, and the scopes that this adds."""
