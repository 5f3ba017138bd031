"""Output that a command line sends away, said to subprocess instead of to a shell."""

from __future__ import annotations

import ast
import re

from workers.fixers.pieces import Template, joined
from workers.fixers.python.source.calls import keyword

_AWAY = re.compile(r"(?:(?<=\s)(?P<from>[12]))?(?<![&>])>\s*/dev/null$")
"""A digit belongs to the redirection only where it stands alone: `copy part2>/dev/null` sends standard output away.

`&>` is left to a person: bash sends both away by it, and other shells start the command in the background.
"""
_JOINED = re.compile(r"(?<=\s)2>&1$")


def without_redirects(line: Template) -> tuple[Template, dict[str, str]]:
    """The line without what its end does with its output, and that as keywords: `DEVNULL` or `STDOUT` of subprocess."""
    if not line.parts or not isinstance(line.parts[-1], str):
        return line, {}
    rest, streams = line.parts[-1].rstrip(), dict[str, str]()
    if _JOINED.search(rest):
        rest, streams = rest.removesuffix("2>&1").rstrip(), {"stderr": "STDOUT"}
    while found := _AWAY.search(rest):
        streams["stderr" if found["from"] == "2" else "stdout"] = "DEVNULL"
        rest = rest[: found.start()].rstrip()
    if streams.get("stdout") == "DEVNULL" and streams.get("stderr") == "STDOUT":
        streams["stderr"] = "DEVNULL"
    if not streams:
        return line, {}
    return joined([*line.parts[:-1], rest]), dict(sorted(streams.items(), reverse=True))


def takes(call: ast.Call, streams: dict[str, str]) -> bool:
    """Whether the call says nothing of these streams itself."""
    taken = [*streams, "capture_output"]
    return not any(keyword(call, name) for name in taken)
