"""Weaknesses of workflows that no edit of the file can end: what a person has to do instead."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer

_REASONS = {
    "adhoc-packages": (
        "the package has to go into a manifest with a lock file, which only the package manager can write with the "
        "registry at hand"
    ),
    "use-trusted-publishing": (
        "trusted publishing begins at the package index, where the workflow has to be named as publisher; until then "
        "a workflow without the token could not publish"
    ),
    "unredacted-secrets": (
        "the secret is a structure whose parts are not masked in logs: each part has to be stored as a secret of its "
        "own first"
    ),
    "superfluous-actions": (
        "the runner's own `gh` does the same, but not alike where a release, label or comment is there already: the "
        "script that takes over has to be written for what this workflow expects"
    ),
    "github-env": (
        "later steps read what is written here as variables: whether the text can be trusted, or has to become an "
        "output instead, depends on who can write to what the command reads"
    ),
    "envvar-injection": (
        "later steps read what is written here as variables: whether the text can be trusted, or has to become an "
        "output instead, depends on who can write to what the command reads"
    ),
    "envpath-injection": "what is written here is searched for commands: who can write to it is for a person to say",
    "curl-eval": "what is downloaded is run unseen: it has to be pinned by its hash, or become part of the repository",
    "known-vulnerable-actions": (
        "which release is outside of the advisory's range only the advisory says: raise the action to it, and pin it "
        "to that release's commit"
    ),
    "stale-action-refs": "which release the commit should have is in the action's own repository",
    "anonymous-definition": "what the workflow or job is called is for its owner to say",
    "undocumented-permissions": "why a job has a permission, its owner knows",
    "concurrency-limits": (
        "whether a newer run may cancel an older one depends on what the runs leave behind: a deployment must not be "
        "cut off in the middle"
    ),
    "self-hosted-runner": "whether the runner lives for one job only is decided where it is set up, not in the file",
    "secrets-outside-env": "which environment guards the secret, and who approves it, is set in the repository",
    "unpinned-tools": "which version of the tool the job needs is for its owner to say; none is named in the file",
    "ref-version-mismatch": "the comment is wrong, not the code: `pin-commit` of the next update writes both",
    "ref-confusion": "a branch and a tag of the action have one name; which of them is meant is for a person to say",
    "impostor-commit": "the commit is not part of the action's own history: find out how it came here before all else",
    "typosquat-uses": "the action's name is nearly another's: which of the two is meant is for a person to say",
    "forbidden-uses": "the repository's own policy forbids the action; what replaces it is for a person to say",
    "CKV_GHA_4": "a connection to a fixed address looks like a shell for somebody else: read it before all else",
    "CKV_GHA_5": (
        "signing an artifact needs a decision about keys and about who checks the signature; `cosign sign` with the "
        "job's identity also needs `id-token: write`"
    ),
    "CKV_GHA_6": "an attested list of parts needs a tool that makes it for this build, and somebody who checks it",
}


@fixer(
    name="workflow-for-a-person",
    for_a_person=True,
    weakness="A weakness that is not ended by changing the workflow",
    rules={
        "zizmor": [rule for rule in _REASONS if not rule.startswith("CKV")],
        "semgrep": ["curl-eval"],
        "codeql": ["actions/envvar-injection/*", "actions/envpath-injection/*"],
        "checkov": [rule for rule in _REASONS if rule.startswith("CKV")],
    },
    explain=(
        "Some weaknesses lie outside the file: at a package index, in the repository's settings, in a decision about "
        "versions. The reason says what has to be done there first."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """None: the reason says what to do."""
    raise NoFix(next(reason for rule, reason in _REASONS.items() if rule in target.finding.rule))
