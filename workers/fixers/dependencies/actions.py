"""GitHub Actions with an advisory: the version in `uses:`, never an invented commit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.dependencies.job import Job, refuse, replace
from workers.source.manifests.declaration import Span

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"v?\d+(\.\d+)*")


def propose(job: Job) -> Iterator[Candidate]:
    """Raise every mention of the action at the vulnerable version in the workflow, or in all of them."""
    pattern = re.compile(
        rb"^[ \t]*(?:-[ \t]+)?[\"']?uses[\"']?[ \t]*:[ \t]*[\"']?"
        + re.escape(job.package.name.encode())
        + rb"(?:/[\w./-]+)?@(?P<ref>[\w.-]+)",
        re.MULTILINE | re.IGNORECASE,
    )
    one = job.read(job.manifest) if job.manifest else None
    files = {job.manifest: one} if one is not None else job.files(_is_workflow)
    spans = [
        (Span(path, *match.span("ref")), match["ref"].decode())
        for path, content in files.items()
        for match in pattern.finditer(content)
    ]
    tags = [(span, ref) for span, ref in spans if _TAG.fullmatch(ref)]
    if not tags:
        raise refuse(_reason(job, [ref for _, ref in spans]))
    for approach, version, what in job.versions():
        edits = [replace(span, _tag(ref, version)) for span, ref in tags]
        how = f"Uses {job.package.name}@{_tag(tags[0][1], version)}, {what}."
        yield job.candidate(approach, edits, how, warnings=["pin the release to its commit once it is verified"])


def _tag(ref: str, version: str) -> str:
    return f"{'v' if ref.startswith('v') else ''}{version.lstrip('v')}"


def _reason(job: Job, refs: list[str]) -> str:
    if any(_COMMIT.fullmatch(ref) for ref in refs):
        return f"{job.package.name} is pinned to a commit, and the commit of {job.choice.smallest} is not known here"
    if refs:
        return f"{job.package.name} is used at the branch {refs[0]}: no version to raise"
    return f"no workflow of the repository uses {job.package.name}"


def _is_workflow(path: str) -> bool:
    return path.endswith((".yml", ".yaml")) and (path.startswith(".github/") or "action.y" in path)
