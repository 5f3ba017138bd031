"""A registry's password in the workflow, and secrets in the text of a script."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Workflow
from workers.source import yamledit
from workers.source.yamldoc import Node, Path, dotted


@fixer(
    name="hardcoded-container-credentials",
    weakness="A registry's password is written in the workflow",
    rules={"zizmor": ["hardcoded-container-credentials"], "actionlint": ["credentials"]},
    explain=(
        "Whoever can read the repository can read the password, and its history keeps it: it has to be changed at the "
        "registry. Approaches: a secret of the repository; for GitHub's own registry, the job's token, which nobody "
        "has to keep."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A literal → a secret, or the token."""
    workflow = model.read(target)
    path, container = _container(target, workflow)
    node, key = container.get("credentials", "password"), (container.child("credentials") or container).key("password")
    if node is None or key is None or node.kind != "scalar" or "${{" in node.value:
        message = "no password is written here"
        raise NoFix(message)
    name = re.sub(r"[^A-Z0-9]+", "_", str(path[-1]).upper()) + "_REGISTRY_PASSWORD"
    where = dotted((*path, "credentials", "password"))
    edit = yamledit.replace(workflow.doc, key, node, f"${{{{ secrets.{name} }}}}")
    warnings = [f"change the password at the registry, its history keeps it, and store the new one as {name}"]
    why = f"The password comes from the secret {name} of the repository or organisation."
    yield model.candidate("secret", [edit], why, declares=[where], warnings=warnings)
    if container.text("image").startswith("ghcr.io/"):
        edit = yamledit.replace(workflow.doc, key, node, "${{ github.token }}")
        warnings = ["the job needs `packages: read`; remove the old password at GitHub, its history keeps it"]
        why = "GitHub's registry takes the job's own token, so there is no password to keep."
        yield model.candidate("job-token", [edit], why, declares=[where], warnings=warnings)


def _container(target: Target, workflow: Workflow) -> tuple[Path, Node]:
    line, last = model.lines(target)
    found: list[tuple[Path, Node]] = []
    for job in workflow.jobs:
        container, services = job.node.child("container"), job.node.child("services")
        if container is not None:
            found.append(((*job.path, "container"), container))
        if services is not None:
            found += [((*job.path, "services", key.value), value) for key, value in services.entries]
    for path, node in found:
        first, end = workflow.doc.line_of(node.start) - 1, workflow.doc.line_of(node.end)
        if node.get("credentials", "password") is not None and first <= last and line <= end:
            return path, node
    message = "the finding points to no container's credentials"
    raise NoFix(message)
