"""Manifests that something fills in before a cluster sees them: Helm, a template engine."""

from __future__ import annotations

import re
from functools import lru_cache

from workers.source import yamldoc

_HOLE = re.compile(rb"\{\{")
_COMMENT = re.compile(rb"^[^\"'\n]*?(?:^|\s)#")


@lru_cache(maxsize=256)
def templated(path: str, content: bytes) -> bool:
    """Whether the text has holes to be filled in.

    A remark, and a block of text that is a template for some other program, hold none that matter: what the YAML means
    is known without them. In a chart's folder of templates Helm fills those in, too.
    """
    holes = [match.start() for match in _HOLE.finditer(content)]
    if not holes:
        return False
    if re.search(r"(?:^|/)templates/", path):
        return True
    try:
        roots = yamldoc.parse(content, path).roots
    except yamldoc.YamlBroken:
        return True
    blocks = [
        (node.start, max(node.end, node.tail))
        for root in roots for _, node in root.walk() if node.kind == "scalar" and node.style in ("|", ">")
    ]  # fmt: skip
    said = (at for at in holes if not _COMMENT.match(content[content.rfind(b"\n", 0, at) + 1 : at]))
    return not all(any(start <= at <= end for start, end in blocks) for at in said)
