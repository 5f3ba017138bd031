"""What further actions do with the job's token, each with where that was read: of their own repositories, in 2026.

`README` is a `permissions` block or a sentence there, `inputs` the description of an input in `action.yml`, `calls` the
calls to GitHub's interface in the action's source.
"""

from __future__ import annotations

from typing import NamedTuple


class Documented(NamedTuple):
    """The needs of one action."""

    scopes: str
    """`scope:level` words; empty where reading the repository suffices."""
    read: str
    """Where it was read."""


_PULL_REQUEST = "contents:write pull-requests:write"
_COMMENT = "issues:write pull-requests:write"

ACTIONS: dict[str, Documented] = {
    # releases, tags, pushes
    "abutler/upload-release-assets": Documented("contents:write", "calls: repos.uploadReleaseAsset"),
    "actions-js/push": Documented("contents:write", "README: pushes with github_token"),
    "actions-r-us/actions-tagger": Documented("contents:write", "README: creates the major tag"),
    "actions/publish-action": Documented("contents:write", "README"),
    "actions/publish-immutable-action": Documented("id-token:write packages:write", "README"),
    "advanced-security/maven-dependency-submission-action": Documented("contents:write", "README: submits a graph"),
    "axel-op/googlejavaformat-action": Documented("contents:write", "README: commits and pushes"),
    "calibreapp/image-actions": Documented(_PULL_REQUEST, "README: commits to the pull request and comments on it"),
    "codfish/semantic-release-action": Documented(f"{_PULL_REQUEST} issues:write id-token:write", "README"),
    "crowdin/github-action": Documented(_PULL_REQUEST, "README"),
    "dawidd6/action-delete-branch": Documented("contents:write pull-requests:read", "calls: git.deleteRef, pulls.get"),
    "dev-drprasad/delete-tag-and-release": Documented("contents:write", "calls: git.deleteRef, repos.deleteRelease"),
    "devmasx/merge-branch": Documented("contents:write", "README: merges a branch"),
    "fastify/github-action-merge-dependabot": Documented(_PULL_REQUEST, "README"),
    "haya14busa/action-bumpr": Documented(_COMMENT + " contents:write", "calls: git push, comments on a pull request"),
    "haya14busa/action-update-semver": Documented("contents:write", "calls: git push of tags"),
    "jacobtomlinson/gha-find-replace": Documented("", "README: rewrites files; a later step pushes"),
    "julia-actions/julia-docdeploy": Documented("contents:write statuses:write", "README"),
    "nowactions/update-majorver": Documented("contents:write", "README: moves the major tag"),
    "peter-evans/enable-pull-request-automerge": Documented(_PULL_REQUEST, "README"),
    "phips28/gh-action-bump-version": Documented("contents:write", "README"),
    "planetscale/ghcommit-action": Documented("contents:write", "README"),
    "python-semantic-release/publish-action": Documented("contents:write", "docs"),
    "python-semantic-release/python-semantic-release": Documented("contents:write id-token:write", "docs"),
    "repo-sync/pull-request": Documented("pull-requests:write", "README"),
    "rossjrw/pr-preview-action": Documented(_PULL_REQUEST, "README"),
    "shogo82148/actions-create-release": Documented("contents:write", "README: creates a release"),
    "shogo82148/actions-upload-release-asset": Documented("contents:write", "README: uploads a release's asset"),
    "stefanprodan/helm-gh-pages": Documented("contents:write", "README: a token with write access"),
    "taiki-e/create-gh-release-action": Documented("contents:write", "README"),
    "taiki-e/upload-rust-binary-action": Documented("contents:write", "README"),
    "tibdex/backport": Documented(_PULL_REQUEST, "README: opens pull requests of branches it pushes"),
    "tripss/conventional-changelog-action": Documented("contents:write", "README"),
    "wangyoucao577/go-release-action": Documented("contents:write packages:write", "README"),
    "xresloader/upload-to-github-release": Documented("contents:write", "calls: repos.createRelease"),
    # pull requests, issues, labels
    "actions-ecosystem/action-create-comment": Documented(_COMMENT, "calls: issues.createComment"),
    "actions-ecosystem/action-get-merged-pull-request": Documented("pull-requests:read", "calls: pulls.list"),
    "cla-assistant/github-action": Documented(f"actions:write {_PULL_REQUEST} statuses:write", "README"),
    "contributor-assistant/github-action": Documented(f"actions:write {_PULL_REQUEST} statuses:write", "README"),
    "crazy-max/ghaction-github-labeler": Documented("issues:write", "README"),
    "deepakputhraya/action-pr-title": Documented("pull-requests:read", "README"),
    "dessant/repo-lockdown": Documented(_COMMENT, "README"),
    "dessant/support-requests": Documented("issues:write", "README"),
    "endbug/label-sync": Documented("issues:write", "README"),
    "fuxingloh/multi-labeler": Documented(f"checks:write statuses:write {_COMMENT}", "README"),
    "github/ai-moderator": Documented(f"{_COMMENT} models:read", "README"),
    "jasonetco/create-an-issue": Documented("issues:write", "README"),
    "juliangruber/approve-pull-request-action": Documented("pull-requests:write", "calls: pulls.createReview"),
    "lannonbr/issue-label-manager-action": Documented("issues:write", "README: creates labels"),
    "lee-dohm/no-response": Documented("issues:write", "calls: issues.createComment, issues.update"),
    "micnncim/action-label-syncer": Documented("issues:write", "README: creates and deletes labels"),
    "pascalgn/size-label-action": Documented("pull-requests:write", "README"),
    "peaceiris/actions-label-commenter": Documented(_COMMENT, "README: comments, closes and locks"),
    "rustsec/audit-check": Documented("checks:write issues:write", "README, calls: issues.create"),
    "actions-rust-lang/audit": Documented("issues:write", "README"),
    "scientific-python/upload-nightly-action": Documented("", "README: a token of anaconda.org"),
    "tiangolo/issue-manager": Documented(_COMMENT, "README"),
    "tim-actions/get-pr-commits": Documented("pull-requests:read", "calls: pulls.listCommits"),
    "webiny/action-conventional-commits": Documented("pull-requests:read", "README: reads the pull request's commits"),
    # checks, scans, reports
    "actions-rs/audit-check": Documented("checks:write issues:write", "calls: issues.create"),
    "actions-rs/clippy-check": Documented("checks:write", "calls: checks.create"),
    "andresz1/size-limit-action": Documented("pull-requests:write", "README"),
    "aquasecurity/tfsec-pr-commenter-action": Documented("pull-requests:write", "README"),
    "artiomtr/jest-coverage-report-action": Documented("checks:write contents:write pull-requests:write", "README"),
    "dflook/terraform-apply": Documented("pull-requests:write", "README"),
    "dflook/terraform-plan": Documented("pull-requests:write", "README"),
    "gamesight/slack-workflow-status": Documented("actions:read", "README"),
    "infracost/actions/comment": Documented("pull-requests:write", "README"),
    "louisbrunner/checks-action": Documented("checks:write", "README"),
    "microsoft/security-devops-action": Documented("security-events:write", "README"),
    "orgoro/coverage": Documented("pull-requests:write", "calls: issues.createComment"),
    "phoenix-actions/test-reporting": Documented("checks:write actions:read", "calls: checks.create"),
    "poseidon/wait-for-status-checks": Documented("checks:read", "README"),
    "pycqa/bandit-action": Documented("security-events:write actions:read", "README"),
    "scacap/action-surefire-report": Documented("checks:write", "README"),
    "scientific-python/circleci-artifacts-redirector-action": Documented("statuses:write", "README"),
    "upsidr/merge-gatekeeper": Documented("checks:read statuses:read", "README"),
    # runs, artifacts, deployments
    "andymckay/cancel-action": Documented("actions:write", "README: cancels runs"),
    "benc-uk/workflow-dispatch": Documented("actions:write", "README"),
    "bobheadxi/deployments": Documented("deployments:write", "calls: repos.createDeployment"),
    "c-hive/gha-remove-artifacts": Documented("actions:write", "README"),
    "chrnorm/deployment-action": Documented("deployments:write", "README"),
    "chrnorm/deployment-status": Documented("deployments:write", "README"),
    "cloudflare/pages-action": Documented("deployments:write", "README"),
    "dataaxiom/ghcr-cleanup-action": Documented("packages:write", "README"),
    "firebaseextended/action-hosting-deploy": Documented(
        "checks:write pull-requests:write", "calls: checks.create, issues.createComment"
    ),
    "kolpav/purge-artifacts-action": Documented("actions:write", "calls: actions.deleteArtifact"),
    "mattraks/delete-workflow-runs": Documented("actions:write", "README"),
    "n1hility/cancel-previous-runs": Documented("actions:write", "calls: actions.cancelWorkflowRun"),
    "nwtgck/actions-netlify": Documented(
        f"contents:write deployments:write statuses:write {_COMMENT}",
        "calls: issues.createComment, repos.createCommitComment, repos.createDeployment",
    ),
    "snok/container-retention-policy": Documented("packages:write", "README"),
    "sphinx-notes/pages": Documented("pages:write id-token:write", "README"),
    # what only reads the repository, or works with credentials of its own
    "actions-ecosystem/action-release-label": Documented("", "inputs: no token"),
    "akhileshns/heroku-deploy": Documented("", "inputs: a key of Heroku's"),
    "clowdhaus/terraform-composite-actions/commit": Documented("contents:write", "inputs: a token to push with"),
    "clowdhaus/terraform-composite-actions/directories": Documented("", "inputs: no token, calls: none"),
    "clowdhaus/terraform-composite-actions/pre-commit": Documented("", "inputs: no token, calls: none"),
    "depot/bake-action": Documented("", "README: as docker/bake-action"),
    "depot/build-push-action": Documented("", "README: as docker/build-push-action"),
    "dsaltares/fetch-gh-release-asset": Documented("", "calls: repos.getRelease"),
    "helm/kind-action": Documented("", "inputs: no token"),
    "ietf-tools/semver-action": Documented("", "calls: repos.compareCommits"),
    "jitterbit/get-changed-files": Documented("", "calls: repos.compareCommits"),
    "lots0logs/gh-action-get-changed-files": Documented("", "calls: repos.getCommit"),
    "metcalfc/changelog-generator": Documented("", "calls: repos.getLatestRelease"),
    "mukunku/tag-exists-action": Documented("", "calls: git.getRef"),
    "oprypin/find-latest-tag": Documented("", "calls: repos.listTags"),
    "uraimo/run-on-arch-action": Documented("", "README: a token only to keep images, see `scopes`"),
    "useblacksmith/build-push-action": Documented("", "README: as docker/build-push-action"),
    "useblacksmith/checkout": Documented("", "README: as actions/checkout"),
    "withastro/action": Documented("", "README: builds and uploads; another action deploys"),
    # what proves who it is to another service
    "datadog/dd-octo-sts-action": Documented("id-token:write", "README"),
    "determinatesystems/determinate-nix-action": Documented("id-token:write", "README"),
    "determinatesystems/flakehub-cache-action": Documented("id-token:write", "README"),
    "octo-sts/action": Documented("id-token:write", "README"),
    "rubygems/configure-rubygems-credentials": Documented("id-token:write", "README"),
    "rust-lang/crates-io-auth-action": Documented("id-token:write", "README"),
    "sigstore/gh-action-sigstore-python": Documented("id-token:write", "README"),
}  # fmt: skip
"""Action in lower case → its needs; the longest prefix of its path counts."""

WORKFLOWS: dict[str, Documented] = {
    "google/osv-scanner-action/.github/workflows/osv-scanner-reusable-pr.yml": Documented(
        "actions:read contents:read security-events:write", "permissions of its jobs"
    ),
    "google/osv-scanner-action/.github/workflows/osv-scanner-reusable.yml": Documented(
        "actions:read contents:read security-events:write", "permissions of its jobs"
    ),
    "slsa-framework/slsa-github-generator/.github/workflows/builder_go_slsa3.yml": Documented(
        "actions:read contents:write id-token:write", "permissions of its jobs"
    ),
    "slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml": Documented(
        "actions:read id-token:write packages:write", "permissions of its jobs"
    ),
    "slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml": Documented(
        "actions:read contents:write id-token:write", "permissions of its jobs"
    ),
}
"""A reusable workflow of another repository → what its jobs ask of the caller, in every release."""
