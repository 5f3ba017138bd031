"""Paths of actions that are written so that they look like something else."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.source import yamledit
from workers.source.yamldoc import dotted


@fixer(
    name="obfuscation",
    weakness="An action is named in a roundabout way that hides which one it is",
    rules={"zizmor": ["obfuscation"]},
    explain=(
        "`actions/checkout//@v4` and `actions/cache/save/../restore@v4` run what the plain path runs, but a policy, a "
        "review or a search that looks for the plain name misses them. A path that climbs out of the action's own "
        "repository names no other one, so it cannot be written plainly. Approaches: the plain path."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A path with detours → without."""
    workflow = model.read(target)
    line, last = model.lines(target)
    holders = [(job.path, job.node) for job in workflow.jobs] + [(step.path, step.node) for step in workflow.steps]
    for path, holder in holders:
        node = holder.child("uses")
        if node is None or node.kind != "scalar" or not line <= workflow.doc.line_of(node.start) <= last:
            continue
        name, at, ref = node.value.partition("@")
        plain = _plain(name)
        if plain == name or "://" in name or ".." in plain.split("/"):
            continue
        source = workflow.doc.source(node).replace(node.value, f"{plain}{at}{ref}")
        edit = yamledit.edit(workflow.doc, node.start, node.end, source)
        yield model.candidate(
            "plain-path", [edit], "It is the same action, by its name.", declares=[dotted((*path, "uses"))]
        )
        return
    message = "what the expression here comes to is for a person to write plainly"
    raise NoFix(message)


def _plain(name: str) -> str:
    """The path without detours; the owner and the repository in front of it are no part of it.

    Raises:
        NoFix: it climbs out of the repository.
    """
    parts = [part for part in name.split("/") if part]
    own = 1 if name.startswith(("./", "$/")) else 2
    front, rest = "/".join(parts[:own]), "/".join(parts[own:])
    path = posixpath.normpath(rest) if rest else "."
    if path.startswith("..") or ".." in front.split("/"):
        message = f"`{name}` climbs out of its repository: which action is meant is for a person to say"
        raise NoFix(message)
    return front if path == "." else f"{front}/{path}"
