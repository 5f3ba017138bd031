"""yamllint's `parsable` text."""

from __future__ import annotations

import re

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.records import at_file, lines
from workers.parsers.registry import Document, Outcome, Parsed, parser

_LINE = re.compile(
    r"^(?P<file>[^\n:]{1,500}):(?P<line>\d{1,9}):(?P<column>\d{1,9}): \[(?P<level>error|warning)\] "
    r"(?P<message>.*?)(?: \((?P<rule>[a-z-]+)\))?$"
)
_RULES = "https://yamllint.readthedocs.io/en/stable/rules.html#module-yamllint.rules."


def _is_yamllint(probe: Probe) -> bool:
    if probe.shape is not Shape.TEXT:
        return False
    return bool(_LINE.match(probe.data[:4000].lstrip().partition(b"\n")[0].decode("utf-8", "replace").rstrip()))


@parser("yamllint-parsable", tools=("yamllint",), recognises=_is_yamllint, clean=(b"",))
def parse(document: Document) -> Parsed:
    """Yamllint's problems, one a line."""
    text = document.probe.data.decode("utf-8", "replace")
    return Parsed(tool="yamllint", rows=(_row(line, document) for line in text.splitlines() if line.strip()))


def _row(line: str, document: Document) -> Outcome:
    match = _LINE.match(line.rstrip())
    if not match:
        return line, "the line is not one of yamllint's problems"
    page = (match["rule"] or "").replace("-", "_")
    return line, Finding(
        tool="yamllint",
        rule=match["rule"] or "syntax",
        title=match["message"],
        message=match["message"],
        severity=severity.from_word("low" if match["level"] == "warning" else "medium"),
        tool_severity=match["level"],
        locations=at_file(document.paths, match["file"], lines(int(match["line"]), column=int(match["column"]))),
        help_uri=f"{_RULES}{page}",
    )
