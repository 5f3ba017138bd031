"""Output that a command line sends away, said to subprocess instead of to a shell."""

from __future__ import annotations

import ast
import re

from workers.fixers.pieces import Template, joined
from workers.fixers.python.calls import keyword

_AWAY = re.compile(r"\s*(?P<from>[12&]?)>\s*/dev/null$")


def without_redirects(line: Template) -> tuple[Template, dict[str, str]]:
    """The line without what its end does with its output, and that as keywords: `DEVNULL` or `STDOUT` of subprocess."""
    if not line.parts or not isinstance(line.parts[-1], str):
        return line, {}
    rest, streams = line.parts[-1].rstrip(), dict[str, str]()
    if rest.endswith("2>&1"):
        rest, streams = rest.removesuffix("2>&1").rstrip(), {"stderr": "STDOUT"}
    while found := _AWAY.search(rest):
        names = {"2": ("stderr",), "&": ("stdout", "stderr")}.get(found["from"], ("stdout",))
        streams |= dict.fromkeys(names, "DEVNULL")
        rest = rest[: found.start()]
    if streams.get("stdout") == "DEVNULL" and streams.get("stderr") == "STDOUT":
        streams["stderr"] = "DEVNULL"
    if not streams:
        return line, {}
    return joined([*line.parts[:-1], rest]), dict(sorted(streams.items(), reverse=True))


def takes(call: ast.Call, streams: dict[str, str]) -> bool:
    """Whether the call says nothing of these streams itself."""
    taken = [*streams, "capture_output"]
    return not any(keyword(call, name) for name in taken)
