"""Two RUN instructions made one."""

from __future__ import annotations

from daemon.domain.fix import Edit
from workers.fixers.docker.script import Script
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction


def merged(file: Dockerfile, first: Instruction, second: Instruction) -> list[Edit] | None:
    """The edits that put both scripts in one `&&` list; none where that could mean something else.

    Both must stand next to each other, and the first must not change the shell's own state.
    """
    between = file.content[first.end : second.start]
    if between.strip() or first.flags != second.flags:
        return None
    try:
        head, tail = Script(file, first), Script(file, second)
    except NoFix:
        return None
    if head.chain is None or head.stateful or tail.here or head.here or tail.root.named_child_count != 1:
        return None
    kind = tail.root.named_children[0].type
    if tail.chain is None and kind not in {"list", "pipeline"}:
        return None
    if kind == "list" and any(child.type == "||" for child in tail.root.named_children[0].children):
        return None
    end = head.offset + head.root.named_children[-1].end_byte
    # From the first line on, so that what scanners say about either is followed to where the joined step starts.
    return [file.edit(first.start, second.body, f"{file.slice(first.start, end)} {file.escape}\n    && ")]
