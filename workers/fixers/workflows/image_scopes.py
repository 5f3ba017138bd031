"""What a job needs of GitHub's own registry of images: to read packages, or to write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows import tokens
from workers.fixers.workflows.model import Job, Step, Workflow
from workers.source.ran import ran
from workers.source.tree import SourceTree

_PUSHES_IMAGE = re.compile(
    r"\b(?:docker|podman|buildah|oras|helm|crane|ko|skopeo)\b[^\n]*\b(?:push|copy|build|publish|resolve|create)\b"
)
_IMAGE_ACTION = re.compile(r"(?!docker/)[^/]+/.*(?:push|publish|manifest|docker-build|docker-image)")
"""Actions that push images by what they are called."""


def logs_in(step: Step, workflow: Workflow, handed: frozenset[str]) -> bool:
    """Whether a step logs in to GitHub's registry with the job's token, which inputs of a composite action may hold."""
    registry = step.input("registry")
    if step.action == "docker/login-action":
        if "${{" in registry:
            registry += workflow.doc.content.decode("utf-8", "replace") if "env." in registry else ""
        return "ghcr.io" in registry and tokens.is_jobs(step.input("password"), handed)
    return bool(re.search(r"(?:docker|helm\s+registry|oras|buildah|podman)\s+login\b[^\n]*ghcr\.io", step.run))


def pushes(step: Step, tree: SourceTree) -> bool:
    """Whether a step pushes images, or may, also by what its script starts."""
    if step.action.rpartition("/")[2] in ("build-push-action", "bake-action"):
        outputs = step.input("outputs") + step.input("set")
        return step.input("push") not in ("", "false") or "push=true" in outputs
    if _IMAGE_ACTION.search(step.action):
        return True
    texts = [step.run, *(each.text or "" for each in ran(step.run, step.folder, tree))]
    return any(_PUSHES_IMAGE.search(text) or "make" in text for text in texts) or "goreleaser" in step.action


def of_containers(workflow: Workflow, job: Job) -> Iterator[str]:
    """`scope:level` words of the images that a job runs in and beside."""
    for key in ("container", "services"):
        node = job.node.child(key)
        text = workflow.doc.source(node) if node is not None else ""
        if "ghcr.io" in text and tokens.JOBS.search(text):
            yield "packages:read"
