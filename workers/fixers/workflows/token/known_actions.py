"""What well-known actions do with the job's token: the scopes that each one needs, as its own documentation says.

An action that is missing here is not harmless for that: `scopes` decides about it by what it is given and named.
"""

from __future__ import annotations

from workers.fixers.workflows.token.documented import ACTIONS, WORKFLOWS

_RELEASE = "contents:write"
_PULL_REQUEST = "contents:write pull-requests:write"
_COMMENT = "issues:write pull-requests:write"
_OIDC = "id-token:write"
_ATTEST = "id-token:write attestations:write"
_READ_PULLS = "pull-requests:read"

_ONLY_READ = """
    1password/load-secrets-action actions-cool/check-user-permission actions/add-to-project actions/cache
    actions/checkout actions/create-github-app-token actions/download-artifact actions/upload-artifact
    actions/upload-pages-artifact anchore/sbom-action anchore/scan-action appleboy/scp-action appleboy/ssh-action
    aquasecurity/tfsec-action aquasecurity/trivy-action astral-sh/ruff-action aws-actions/amazon-ecr-login
    aws-actions/amazon-ecs-deploy-task-definition azure/k8s-set-context azure/webapps-deploy
    bridgecrewio/checkov-action chainguard-dev/actions chromaui/action cloudflare/wrangler-action
    codacy/codacy-analysis-cli-action codecov/codecov-action codecov/test-results-action codspeedhq/action
    coverallsapp/github-action crate-ci/typos crazy-max/ghaction-chocolatey crazy-max/ghaction-docker-meta
    crazy-max/ghaction-import-gpg cypress-io/github-action danielpalme/reportgenerator-github-action
    determinatesystems/nix-installer-action digitalocean/action-doctl docker/bake-action docker/build-push-action
    docker/login-action docker/metadata-action embarkstudios/cargo-deny-action fernandrone/linelint
    fossas/fossa-action github/codeql-action/autobuild golang/govulncheck-action google-github-actions/deploy-cloudrun
    google-github-actions/get-gke-credentials gotesttools/gotestfmt-action gradle/actions/setup-gradle
    gradle/actions/wrapper-validation gradle/gradle-build-action gradle/wrapper-validation-action
    hadolint/hadolint-action hashicorp/vault-action ilammy/msvc-dev-cmd j178/prek-action jdx/mise-action
    jlumbroso/free-disk-space johnnymorganz/stylua-action js-devtools/npm-publish ludeeus/action-shellcheck
    lycheeverse/lychee-action mikefarah/yq mislav/bump-homebrew-formula-action mozilla-actions/sccache-action
    mxschmitt/action-tmate nick-fields/retry nick-invision/retry oras-project/setup-oras orhun/git-cliff-action
    peter-evans/dockerhub-description pozetroninc/github-action-get-latest-release pre-commit-ci/lite-action
    pre-commit/action proudust/gh-describe psf/black pulumi/actions pyo3/maturin-action pypa/cibuildwheel
    pypa/gh-action-pypi-publish re-actors/alls-green reactivecircus/android-emulator-runner reviewdog/action-setup
    robinraju/release-downloader rtcamp/action-slack-notify semgrep/semgrep-action sigstore/cosign-installer
    slackapi/slack-github-action snyk/actions sonarsource/sonarqube-quality-gate-action step-security/harden-runner
    supercharge/mongodb-github-action swatinem/rust-cache taiki-e/install-action
    thefrontside/actions/synchronize-with-npm tj-actions/branch-names trufflesecurity/trufflehog volta-cli/action
    webfactory/ssh-agent"""
"""They do nothing with the job's token but to read; what publishes has a rule of its own in `scopes`."""

NEEDS: dict[str, str] = {
    # GitHub's own
    "actions/attest": _ATTEST,
    "actions/attest-build-provenance": _ATTEST,
    "actions/attest-sbom": _ATTEST,
    "actions/configure-pages": "pages:read",
    "actions/create-release": _RELEASE,
    "actions/delete-package-versions": "packages:write",
    "actions/dependency-review-action": "contents:read",
    "actions/deploy-pages": "pages:write id-token:write",
    "actions/first-interaction": _COMMENT,
    "actions/labeler": "contents:read pull-requests:write issues:write",
    "actions/stale": _COMMENT,
    "actions/upload-release-asset": _RELEASE,
    "github/codeql-action/analyze": "security-events:write actions:read",
    "github/codeql-action/init": "actions:read",
    "github/codeql-action/upload-sarif": "security-events:write actions:read",
    "github/issue-labeler": "issues:write",
    # releases, tags, pushes
    "ad-m/github-push-action": _RELEASE,
    "anothrnick/github-tag-action": _RELEASE,
    "changesets/action": _PULL_REQUEST,
    "crazy-max/ghaction-github-pages": _RELEASE,
    "cycjimmy/semantic-release-action": "contents:write issues:write pull-requests:write",
    "elgohr/github-release-action": _RELEASE,
    "endbug/add-and-commit": _RELEASE,
    "google-github-actions/release-please-action": "contents:write pull-requests:write issues:write",
    "googleapis/release-please-action": "contents:write pull-requests:write issues:write",
    "goreleaser/goreleaser-action": _RELEASE,
    "helm/chart-releaser-action": _RELEASE,
    "jamesives/github-pages-deploy-action": _RELEASE,
    "marvinpinto/action-automatic-releases": _RELEASE,
    "mathieudutour/github-tag-action": _RELEASE,
    "ncipollo/release-action": _RELEASE,
    "peaceiris/actions-gh-pages": _RELEASE,
    "peter-evans/create-pull-request": _PULL_REQUEST,
    "peter-evans/repository-dispatch": _RELEASE,
    "release-drafter/release-drafter": _PULL_REQUEST,
    "rickstaa/action-create-tag": _RELEASE,
    "rubygems/release-gem": "contents:write id-token:write",
    "sequoia-pgp/fast-forward": "contents:write pull-requests:write issues:write",
    "softprops/action-gh-release": _RELEASE,
    "stefanzweifel/git-auto-commit-action": _RELEASE,
    "svenstaro/upload-release-action": _RELEASE,
    "tauri-apps/tauri-action": _RELEASE,
    # pull requests, issues, labels
    "actions-cool/issues-helper": _COMMENT,
    "actions-cool/maintain-one-comment": _COMMENT,
    "actions-ecosystem/action-add-labels": _COMMENT,
    "actions-ecosystem/action-remove-labels": _COMMENT,
    "agilepathway/label-checker": _READ_PULLS,
    "amannn/action-semantic-pull-request": _READ_PULLS,
    "ana06/get-changed-files": _READ_PULLS,
    "andymckay/labeler": _COMMENT,
    "cirrus-actions/rebase": _PULL_REQUEST,
    "codelytv/pr-size-labeler": _COMMENT,
    "danger/danger-js": "pull-requests:write issues:write statuses:write",
    "dependabot/fetch-metadata": _READ_PULLS,
    "dessant/label-actions": _COMMENT + " discussions:write",
    "dessant/lock-threads": _COMMENT + " discussions:write",
    "dorny/paths-filter": _READ_PULLS,
    "dorny/test-reporter": "checks:write actions:read",
    "enricomi/publish-unit-test-result-action": "checks:write issues:read pull-requests:write",
    "eps1lon/actions-label-merge-conflict": "pull-requests:write issues:write",
    "github/combine-prs": _PULL_REQUEST + " checks:read",
    "github/command": _COMMENT + " checks:read",
    "github/issue-metrics": "issues:write pull-requests:read",
    "hmarr/auto-approve-action": "pull-requests:write",
    "jwalton/gh-find-current-pr": _READ_PULLS,
    "kentaro-m/auto-assign-action": _COMMENT,
    "korthout/backport-action": _PULL_REQUEST,
    "marocchino/sticky-pull-request-comment": "pull-requests:write",
    "mheap/github-action-required-labels": _COMMENT,
    "mikepenz/action-junit-report": "checks:write",
    "mshick/add-pr-comment": _COMMENT,
    "pascalgn/automerge-action": _PULL_REQUEST,
    "peter-evans/close-issue": "issues:write",
    "peter-evans/close-pull": "pull-requests:write",
    "peter-evans/create-issue-from-file": "issues:write",
    "peter-evans/create-or-update-comment": _COMMENT,
    "peter-evans/find-comment": "issues:read pull-requests:read",
    "pozil/auto-assign-issue": _COMMENT,
    "prow-github-actions/prow-github-actions": _COMMENT,
    "step-security/changed-files": _READ_PULLS,
    "technote-space/get-diff-action": _READ_PULLS,
    "thehanimo/pr-title-checker": "pull-requests:write issues:write",
    "thollander/actions-comment-pull-request": "pull-requests:write",
    "timonvs/pr-labeler-action": "pull-requests:write",
    "tj-actions/changed-files": _READ_PULLS,
    "toshimaru/auto-author-assign": "pull-requests:write issues:write",
    "trstringer/manual-approval": "issues:write",
    "wow-actions/welcome": _COMMENT,
    "xt0rted/pull-request-comment-branch": _READ_PULLS,
    # checks, scans, reports
    "actionsdesk/lfs-warning": _COMMENT,
    "benchmark-action/github-action-benchmark": _PULL_REQUEST,
    "bufbuild/buf-action": "pull-requests:write",
    "davelosert/vitest-coverage-report-action": "pull-requests:write",
    "errata-ai/vale-action": "checks:write pull-requests:write",
    "fountainhead/action-wait-for-check": "checks:read",
    "gitleaks/gitleaks-action": "pull-requests:write",
    "golangci/golangci-lint-action": _READ_PULLS,
    "gradle/actions/dependency-submission": _RELEASE,
    "jitterbit/await-check-suites": "checks:read",
    "lewagon/wait-on-check-action": "checks:read",
    "mishakav/pytest-coverage-comment": _PULL_REQUEST,
    "ossf/scorecard-action": "security-events:write id-token:write actions:read issues:read pull-requests:read "
    "checks:read",
    "preactjs/compressed-size-action": _COMMENT,
    "py-cov-action/python-coverage-comment-action": _PULL_REQUEST + " actions:read",
    "sonarsource/sonarcloud-github-action": _READ_PULLS,
    "sonarsource/sonarqube-scan-action": _READ_PULLS,
    "styfle/cancel-workflow-action": "actions:write",
    "super-linter/super-linter": "statuses:write packages:read",
    "umbrelladocs/action-linkspector": "checks:write pull-requests:write",
    "wagoid/commitlint-github-action": _READ_PULLS,
    "zaproxy/action-baseline": "issues:write",
    "zaproxy/action-full-scan": "issues:write",
    "zaproxy/action-api-scan": "issues:write",
    "zizmorcore/zizmor-action": "security-events:write actions:read",
    # deployments to elsewhere, with credentials of their own
    "docker/scout-action": "pull-requests:write",
    "madrapps/jacoco-report": "pull-requests:write",
    "nuget/login": _OIDC,
    "8398a7/action-slack": "actions:read",
    # tools and caches
    "actions/ai-inference": "models:read",
    "dawidd6/action-download-artifact": "actions:read",
    "determinatesystems/update-flake-lock": _PULL_REQUEST + " issues:write id-token:write",
    "fkirc/skip-duplicate-actions": "actions:write",
    "geekyeggo/delete-artifact": "actions:write",
    "jetbrains/qodana-action": "checks:write pull-requests:write",
    "julia-actions/cache": "actions:write",
    "lucasbento/auto-close-issues": "issues:write",
    "mikepenz/release-changelog-builder-action": _READ_PULLS,
    "nrwl/nx-set-shas": "actions:read",
    "softprops/turnstyle": "actions:read",
    **dict.fromkeys(_ONLY_READ.split(), ""),
}  # fmt: skip
"""Action in lower case → `scope:level` words; the longest prefix of its path counts."""


def needs(action: str) -> str | None:
    """The scopes of an action by its path or a prefix of it; none where it is not known."""
    parts = action.split("/")
    for length in range(len(parts), 1, -1):
        name = "/".join(parts[:length])
        if name in NEEDS:
            return NEEDS[name]
        if name in ACTIONS:
            return ACTIONS[name].scopes
    return "checks:write pull-requests:write" if parts[0] == "reviewdog" else None


def pushes(action: str) -> bool:
    """Whether an action pushes by git, as was read of it."""
    found = ACTIONS.get(action)
    return found is not None and "contents:write" in found.scopes and "push" in found.read


def asked_by(workflow: str) -> str | None:
    """What a reusable workflow of another repository asks of its caller; none where it is not known."""
    found = WORKFLOWS.get(workflow.lower())
    return found.scopes if found is not None else None
