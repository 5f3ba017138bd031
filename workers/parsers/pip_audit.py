"""pip-audit's JSON, of both shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from workers.parsers.content import Probe, Shape
from workers.parsers.identifiers import unique
from workers.parsers.packages import package
from workers.parsers.records import Record, each
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.text import first_line


class Vulnerability(Record):
    """One advisory; PyPI rates none."""

    id: str
    fix_versions: list[str] | None = None
    aliases: list[str] | None = None
    description: str | None = None


class Dependency(Record):
    """An audited package, or one that was skipped."""

    name: str
    version: str = ""
    vulns: list[msgspec.Raw] | None = None
    skip_reason: str | None = None


class Log(Record):
    """The newer shape."""

    dependencies: list[Dependency]


def _is_pip_audit(probe: Probe) -> bool:
    if probe.object_with("dependencies", "fixes"):
        return True
    if probe.object_with("dependencies") and probe.fields.keys() <= {"dependencies", "fixes"}:
        return True
    return probe.array_with("name") and ("vulns" in probe.fields or "skip_reason" in probe.fields)


@parser("pip-audit-json", tools=("pip-audit",), recognises=_is_pip_audit)
def parse(document: Document) -> Parsed:
    """pip-audit → one row for each advisory; what it skipped is a note, because skipped is not clean."""
    kind: Any = list[Dependency] if document.probe.shape is Shape.ARRAY else Log
    decoded = msgspec.json.decode(document.probe.data, type=kind, strict=False)
    dependencies: list[Dependency] = decoded.dependencies if isinstance(decoded, Log) else decoded
    notes = tuple(f"skipped {item.name}: {item.skip_reason}" for item in dependencies if item.skip_reason)
    return Parsed(tool="pip-audit", rows=_rows(dependencies), notes=notes)


def _rows(dependencies: list[Dependency]) -> Iterator[Outcome]:
    for dependency in dependencies:
        for raw, item in each(dependency.vulns, Vulnerability):
            yield raw, _finding(item, dependency)


def _finding(item: Vulnerability, dependency: Dependency) -> Finding:
    return Finding(
        tool="pip-audit",
        rule=item.id,
        title=first_line(item.description) or item.id,
        message=f"{item.id} in {dependency.name} {dependency.version}",
        severity=Severity.UNKNOWN,
        package=package(kind="PyPI", name=dependency.name, version=dependency.version, fixed=item.fix_versions or ()),
        aliases=unique(item.aliases or (), without=item.id),
        help_text=item.description or "",
        help_uri=f"https://osv.dev/vulnerability/{item.id}",
    )
