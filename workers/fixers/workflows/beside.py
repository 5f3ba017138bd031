"""The repository's other workflows and actions."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.fixers.registry import Target
from workers.fixers.workflows.model import Workflow
from workers.source import pinned, yamldoc


def workflows_beside(target: Target, *words: str) -> Iterator[Workflow]:
    """Those that hold all the words, whatever their case; what is no workflow is passed over."""
    for path in pinned.files(target.tree):
        if path == target.finding.path:
            continue
        try:
            content = target.tree.read(path)
            if not all(word.lower().encode() in content.lower() for word in words):
                continue
            workflow = Workflow(yamldoc.parse(content, path), target.tree)
        except (SourceUnavailable, yamldoc.YamlBroken):
            continue
        if workflow.root.kind == "mapping":
            yield workflow
