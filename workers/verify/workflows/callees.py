"""Reusable workflows that a job calls: where they lie, and what they ask of whoever calls them.

The table is the verifier's own on purpose, as that of the actions is.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from daemon.errors import SourceUnavailable
from workers.source import whose
from workers.source.tree import SourceTree
from workers.verify.workflows import scopes
from workers.verify.workflows.model import workflow

_MAX_DEPTH = 4
_SLSA = "slsa-framework/slsa-github-generator/.github/workflows"
_OSV = "google/osv-scanner-action/.github/workflows"
_SIGNED_RELEASE = ("actions:read", "contents:write", "id-token:write")
_ASKED: dict[str, tuple[str, ...]] = {
    f"{_SLSA}/builder_go_slsa3.yml": _SIGNED_RELEASE,
    f"{_SLSA}/generator_container_slsa3.yml": ("actions:read", "id-token:write", "packages:write"),
    f"{_SLSA}/generator_generic_slsa3.yml": _SIGNED_RELEASE,
    f"{_OSV}/osv-scanner-reusable.yml": ("actions:read", "contents:read", "security-events:write"),
    f"{_OSV}/osv-scanner-reusable-pr.yml": ("actions:read", "contents:read", "security-events:write"),
}
"""What the jobs of other repositories' workflows declare: GitHub does not start them with less."""


def content_of(uses: str, tree: SourceTree) -> bytes | None:
    """The called workflow's file; none where it is in another repository, or not in the tree."""
    path = uses[2:].partition("@")[0] if uses.startswith(("./", "$/")) else whose.own_path(uses, tree)
    try:
        return tree.read(str(PurePosixPath(path))) if path is not None else None
    except SourceUnavailable:
        return None


def needs(uses: str, tree: SourceTree, depth: int = 0) -> list[tuple[scopes.Need, str]] | None:
    """What a reusable workflow needs: what it declares, else what its jobs use; none where that cannot be read."""
    if (asked := _ASKED.get(uses.partition("@")[0].lower())) is not None:
        return [((word,), uses) for word in asked]
    content = content_of(uses, tree) if depth <= _MAX_DEPTH else None
    callee = workflow(content) if content is not None else None
    if callee is None:
        return None
    found: list[tuple[scopes.Need, str]] = []
    for job in callee.jobs:
        declared = scopes.grants(job.permissions, callee.permissions)
        if declared is not None:
            found += [((f"{scope}:{level}",), uses) for scope, level in declared.items() if level in {"read", "write"}]
        elif job.uses is not None:
            below = needs(job.uses, tree, depth + 1)
            if below is None:
                return None
            found += below
        else:
            found += scopes.needs(job, tree)
    return found
