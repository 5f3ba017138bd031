"""Where JavaScript gets random values that nobody can predict."""

from __future__ import annotations

import re

from daemon.domain.fix import Edit
from workers.fixers.code import Parsed
from workers.fixers.javascript.script import imported, in_browser
from workers.fixers.registry import NoFix

_OF_NODE = re.compile(
    rb"\brequire\(|\bmodule\.exports|\bprocess\.|from ['\"](?:node:|@nestjs/|(?:express|koa|fastify|mongoose|fs)['\"])"
    rb"|\(\s*(?:req|request)\s*,\s*(?:res|response)\s*[,)]"
)
"""What only Node's scripts have: its modules, and functions that answer a request."""
RANDOM_INT = 12
"""The first Node with `randomInt`."""


def is_node(file: Parsed) -> bool:
    """Whether the file is for Node alone."""
    return _OF_NODE.search(file.content) is not None and not in_browser(file)


def crypto(file: Parsed) -> tuple[str, tuple[Edit, ...], tuple[str, ...]]:
    """Node's module where the file is for Node; the global of browsers elsewhere.

    Raises:
        NoFix: the file is for neither, or the name means something else in it.
    """
    if is_node(file):
        return imported(file, "crypto")
    if re.search(rb"\b(?:const|let|var|import)\s[^;\n]*\bcrypto\b", file.content):
        message = f"`crypto` already means something else in {file.path}"
        raise NoFix(message)
    if not re.search(rb"\b(?:window|document|navigator|jQuery)\b|(?<![\w.])\$\(", file.content):
        message = f"{file.path} shows neither Node nor a browser, and each has its generator elsewhere"
        raise NoFix(message)
    return "crypto", (), ()
