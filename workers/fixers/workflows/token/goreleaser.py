"""What GoReleaser does with a job's token and identity, as its own settings in the repository say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows.model import Step
from workers.source.tree import SourceTree, text_of

_SETTINGS = re.compile(r"(?:^|/)\.?goreleaser[^/]*\.ya?ml$")
_RELEASES = re.compile(r"\bgoreleaser\s+(?:release\b|continue\b|publish\b|-)(?![^\n]*--(?:snapshot|version|help))")
_SIGNS = re.compile(r"cosign|sigstore|attest|oidc|ID_TOKEN", re.IGNORECASE)
_NEEDS = (
    (re.compile(r"^milestones:(?:\n[ \t-].*)*\n[ \t-]+close:[ \t]*true", re.MULTILINE), "issues:write"),
    (re.compile(r"^[ \t]+discussion_category_name:", re.MULTILINE), "discussions:write"),
)


def runs(step: Step) -> bool:
    """Whether a step runs it by its action, or a script has it release."""
    return "goreleaser" in step.action or _RELEASES.search(step.run) is not None


def only_builds(step: Step) -> bool:
    """Whether it makes no release."""
    return (
        "goreleaser" in step.action
        and re.search(r"--snapshot|^\s*(?:check|build|healthcheck)\b", step.input("args")) is not None
    )


def of_settings(step: Step, tree: SourceTree) -> Iterator[str]:
    """`scope:level` words for what it does besides a release: close a milestone, open a discussion."""
    if runs(step):
        texts = _texts(tree)
        yield from (word for pattern, word in _NEEDS if any(pattern.search(text) for text in texts))


def may_sign(tree: SourceTree) -> bool:
    """Whether it may sign by the job's identity; where its settings are not seen, it may."""
    texts = _texts(tree)
    return not texts or any(_SIGNS.search(text) for text in texts)


def _texts(tree: SourceTree) -> list[str]:
    return [text_of(tree, path) for path in tree.paths() if _SETTINGS.search(path)]
