"""What a job needs of GitHub's own registry of images: to read packages, or to write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.workflows.model import Job, Step, Workflow
from workers.fixers.workflows.token import goreleaser, tokens
from workers.source.ran import ran
from workers.source.tree import SourceTree, text_of

_PUSHES_IMAGE = re.compile(
    r"\b(?:docker|podman|buildah|oras|helm|crane|ko|skopeo)\b[^\n]*\b(?:push|copy|build|publish|resolve|create)\b"
)
_PUBLISHES_IMAGE = re.compile(
    r"\bjib(?!Docker|Build)\b|\bbootBuildImage\b|\bspring-boot:build-image\b|\bskaffold\s+(?:run|build|dev)\b|\bwerf\b"
    r"|\bpack\s+build\b[^\n]*--publish|\bearthly\b[^\n]*--push|\bkaniko\b|\bcompose\s+push\b|\b(?:cosign|regctl)\s"
    r"|\bbazel(?:isk)?\s+run\b[^\n]*push|[\w:-]*(?:push[-_:]?(?:docker|image|container)|(?:docker|image|container)s?[-_:]?push)",
    re.IGNORECASE,
)
"""Tools and tasks that push what they build."""
_TO_REGISTRY = re.compile(r"type=registry|push=true|\.push=true")
_LOGIN = re.compile(
    r"^[^\n]*\b(?:docker|helm\s+registry|oras|buildah|podman|nerdctl|skopeo)\s+login\b[^\n]*", re.MULTILINE
)
_BAKE_FILE = re.compile(r"(?:^|/)(?:docker-)?bake[\w.-]*\.(?:hcl|json)$")
_VARIABLE = re.compile(r"\benv\.(\w+)")
_IMAGE_ACTION = re.compile(r"(?!docker/)[^/]+/.*(?:push|publish|manifest|docker-build|docker-image)")
"""Actions that push images by what they are called."""


def of_steps(steps: list[tuple[Workflow, Step, frozenset[str]]], tree: SourceTree) -> Iterator[str]:
    """`scope:level` words of a job's steps, which are unfolded with what each was handed.

    The registry is asked by whoever logs in, and written to by whoever pushes, in whichever action either stands.
    """
    if any(_logs_in(step, within, handed, tree) for within, step, handed in steps):
        yield "packages:write" if any(_pushes(step, tree) for _, step, _ in steps) else "packages:read"


def _logs_in(step: Step, workflow: Workflow, handed: frozenset[str], tree: SourceTree) -> bool:
    """Whether a step logs in with the job's token, which no other registry takes and which inputs may hold."""
    if step.action == "docker/login-action":
        around = tokens.environment(workflow.root) | (tokens.environment(step.job.node) if step.job else {})
        named = (around.get(match[1], "") for match in _VARIABLE.finditer(step.input("password")))
        return any(tokens.is_jobs(value, handed) for value in (step.input("password"), *named))
    values = [step.run, *tokens.environment(step.node).values()]
    if _PUBLISHES_IMAGE.search(step.run) and any(tokens.is_jobs(value, handed) for value in values):
        return True
    own = any(tokens.OWN.search(value) for value in values) and not any(tokens.is_jobs(one, handed) for one in values)
    lines = [match[0] for text in _texts(step, tree) for match in _LOGIN.finditer(text)]
    return any(tokens.is_jobs(line, handed) or ("ghcr.io" in line and not own) for line in lines)


def _pushes(step: Step, tree: SourceTree) -> bool:
    """Whether a step pushes images, or may, also by what its script starts."""
    if step.action.rpartition("/")[2] in ("build-push-action", "bake-action"):
        given = "\n".join(tokens.inputs(step).values())
        of_file = step.action.endswith("bake-action") and any(_TO_REGISTRY.search(text) for text in _bake_files(tree))
        return step.input("push") not in ("", "false") or _TO_REGISTRY.search(given) is not None or of_file
    if _IMAGE_ACTION.search(step.action):
        return True
    patterns = (_PUSHES_IMAGE, _PUBLISHES_IMAGE)
    may = any("make" in text or any(one.search(text) for one in patterns) for text in _texts(step, tree))
    return may or goreleaser.runs(step)


def as_somebody(steps: list[tuple[Workflow, Step, frozenset[str]]]) -> bool:
    """Whether all logins to GitHub's registry bring a secret of their own: the job's token is not asked for then."""
    logins = [step for _, step, _ in steps if step.action == "docker/login-action" and "ghcr" in step.input("registry")]
    return bool(logins) and all(tokens.OWN.search(step.input("password")) for step in logins)


def _bake_files(tree: SourceTree) -> list[str]:
    return [text_of(tree, path) for path in tree.paths() if _BAKE_FILE.search(path)]


def _texts(step: Step, tree: SourceTree) -> list[str]:
    """A step's script, and what it runs."""
    return [step.run, *(each.text or "" for each in ran(step.run, step.folder, tree))]


def of_containers(workflow: Workflow, job: Job) -> Iterator[str]:
    """`scope:level` words of the images that a job runs in and beside."""
    for key in ("container", "services"):
        node = job.node.child(key)
        text = workflow.doc.source(node) if node is not None else ""
        if "ghcr.io" in text and tokens.JOBS.search(text):
            yield "packages:read"
