"""Actions of the repository itself, as the steps that they consist of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from daemon.errors import SourceUnavailable
from workers.source.tree import SourceTree, has
from workers.verify.workflows.model import Step, workflow

MAX_DEPTH = 4
_DEFINITIONS = ("action.yml", "action.yaml")


def own_steps(uses: str, tree: SourceTree) -> tuple[Step, ...]:
    """The steps of a composite action of the repository; none where it is another kind, or not in the tree."""
    folder = uses[2:].strip("/")
    for name in _DEFINITIONS:
        try:
            read = workflow(tree.read(f"{folder}/{name}".lstrip("/")))
        except SourceUnavailable:
            continue
        return tuple(step for job in (read.jobs if read else ()) for step in job.steps)
    return ()


def is_program(uses: str, tree: SourceTree) -> bool:
    """Whether an action of the repository runs a program or an image, so that no step of it can be read."""
    if not uses.startswith(("./", "$/")):
        return False
    folder = uses[2:].strip("/")
    return any(has(tree, f"{folder}/{name}".lstrip("/")) for name in _DEFINITIONS) and not own_steps(uses, tree)


def unfolded(steps: Iterable[Step], tree: SourceTree, depth: int = 0) -> Iterator[Step]:
    """The steps, each local composite action followed by its own."""
    for step in steps:
        yield step
        if step.uses is not None and step.uses.startswith(("./", "$/")) and depth < MAX_DEPTH:
            yield from unfolded(own_steps(step.uses, tree), tree, depth + 1)
