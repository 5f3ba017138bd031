"""Reusable workflows that a job calls: where they lie, what they ask of whoever calls them, and which secrets they get.

The table is the verifier's own on purpose, as that of the actions is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from daemon.errors import SourceUnavailable
from workers.source import called, whose
from workers.source.tree import SourceTree
from workers.verify.structure.documents import read_yaml
from workers.verify.workflows import scopes
from workers.verify.workflows.model import Job, text, workflow

_MAX_DEPTH = 4
_SECRET = re.compile(r"\bsecrets\.(?P<name>[A-Za-z_][\w-]*)")
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


class Callee(NamedTuple):
    """A workflow that is called, and the tree that it lies in."""

    content: bytes
    tree: SourceTree

    @property
    def is_theirs(self) -> bool:
        """Whether it is another repository's, of which only what it says counts."""
        return isinstance(self.tree, called.Called)


def find(uses: str, tree: SourceTree) -> Callee | None:
    """The called workflow; none where it is not in the tree, and nobody has read it elsewhere."""
    path = uses[2:].partition("@")[0] if uses.startswith(("./", "$/")) else whose.own_path(uses, tree)
    if path is None and (theirs := called.find(uses)) is not None:
        path, tree = theirs.call.path, theirs
    try:
        return Callee(tree.read(str(PurePosixPath(path))), tree) if path is not None else None
    except SourceUnavailable:
        return None


def needs(uses: str, tree: SourceTree, depth: int = 0) -> list[tuple[scopes.Need, str]] | None:
    """What a reusable workflow needs: what it declares, else what its jobs use; none where that cannot be read."""
    if (asked := _ASKED.get(uses.partition("@")[0].lower())) is not None:
        return [((word,), uses) for word in asked]
    callee = find(uses, tree) if depth <= _MAX_DEPTH else None
    read = workflow(callee.content) if callee is not None else None
    if callee is None or read is None:
        return None
    found = [*_asked(scopes.grants(read.permissions, None), uses)]
    for job in read.jobs:
        declared = scopes.grants(job.permissions, read.permissions)
        if declared is not None:
            found += _asked(declared, uses)
        elif job.uses is not None:
            below = needs(job.uses, callee.tree, depth + 1)
            if below is None:
                return None
            found += below
        elif callee.is_theirs:
            return None
        else:
            found += scopes.needs(job, tree)
    return found


def _asked(grants: scopes.Grants, uses: str) -> Iterator[tuple[scopes.Need, str]]:
    """What a block asks for: GitHub holds the workflow's own against the caller, also where each job has another."""
    for scope, level in (grants or {}).items():
        if level in {"read", "write"}:
            yield (f"{scope}:{level}",), uses


def without_secrets(before: Job, after: Job, tree: SourceTree) -> Iterator[str]:
    """A reusable workflow that got every secret, and now gets some: those that it reads must be among them."""
    if text(before.secrets) != "inherit" or before.secrets == after.secrets or before.uses is None:
        return
    given = {str(name).upper() for name in after.secrets} if isinstance(after.secrets, dict) else set()
    callee = find(before.uses, tree)
    read = _secrets(callee, 0) if callee is not None else None
    if callee is None or read is None:
        yield f"job {before.name} calls {before.uses}, whose secrets are not known here, with fewer"
        return
    if missing := sorted(read - given):
        yield f"job {before.name}: {before.uses} reads the secret {missing[0]}, which it no longer gets"
    elif callee.is_theirs and (more := sorted(given - _declared(callee))):
        yield f"job {before.name}: {before.uses} declares no secret {more[0]} that could be handed over by name"


def _secrets(callee: Callee, depth: int) -> set[str] | None:
    """What a workflow, and those that it hands all secrets on to, read; none where one of them is not known."""
    found = {match["name"].upper() for match in _SECRET.finditer(callee.content.decode("utf-8", "replace"))}
    read = workflow(callee.content)
    for job in read.jobs if read is not None else ():
        if job.uses is not None and text(job.secrets) == "inherit":
            nested = find(job.uses, callee.tree) if depth < _MAX_DEPTH else None
            below = _secrets(nested, depth + 1) if nested is not None else None
            if below is None:
                return None
            found |= below
    return found - {"GITHUB_TOKEN"}


def _declared(callee: Callee) -> set[str]:
    node: Any = read_yaml(callee.content)
    for key in ("on", "workflow_call", "secrets"):
        node = node.get(key) if isinstance(node, dict) else None
    return {str(name).upper() for name in node} if isinstance(node, dict) else set()
