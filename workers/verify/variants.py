"""Files that one start of a scanner looks at: how many, where they lie, and which answer is about which of them.

Every variant of a file lies at its own path of one temporary tree (`v0007/.github/workflows/ci.yml`), so that paths
that mean something to a scanner keep their meaning, and one start of a scanner answers for all of them. Files that lie
beside each other, as those of a Terraform module do, are one variant: it is read once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from daemon.domain.finding import Finding, Location
from workers.source.tree import safe_path
from workers.verify.answers import FileScan, Unit
from workers.verify.scanner import Output, Tool

MAX_FILES = 500
"""Of one start: with the adapter's `start_bytes` it bounds memory, and what one broken file can spoil."""


def chunks(units: Sequence[Unit], most: int) -> Iterator[list[Unit]]:
    """Starts bounded in files and bytes, the largest files together, so that they hold up none of the others."""
    chunk: list[Unit] = []
    size = 0
    for group in sorted(_groups(units), key=lambda group: max(len(unit.content) for unit in group)):
        more = sum(len(content) for _, content in group[0].files)
        if chunk and (len(chunk) + len(group) > MAX_FILES or size + more > most):
            yield chunk
            chunk, size = [], 0
        chunk += group
        size += more
    if chunk:
        yield chunk


def _groups(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Units that are looked at in one place."""
    together: dict[frozenset[tuple[str, bytes]], list[Unit]] = {}
    for unit in units:
        together.setdefault(unit.files, []).append(unit)
    for group in together.values():
        yield from (group[at : at + MAX_FILES] for at in range(0, len(group), MAX_FILES))


def lay_out(root: Path, units: Sequence[Unit]) -> list[str]:
    """Write every variant once below `root`; where each unit lies, relative to it."""
    folders: dict[frozenset[tuple[str, bytes]], str] = {}
    for unit in units:
        if unit.files not in folders:
            folders[unit.files] = f"v{len(folders):04d}"
            for path, content in unit.files:
                file = root / folders[unit.files] / safe_path(path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
    return [f"{folders[unit.files]}/{unit.path}" for unit in units]


def by_unit(
    tool: Tool, units: Sequence[Unit], laid: Sequence[str], output: Output, findings: Iterable[Finding]
) -> list[FileScan]:
    """For each unit, in their order, what one output says of it; `laid` tells where each lies."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.path or "", []).append(finding)
    scans = []
    for unit, place in zip(units, laid, strict=True):
        prefix = place.removesuffix(unit.path)
        scans.append(
            FileScan(
                scanner=tool.name,
                version=tool.version,
                findings=tuple(_unprefixed(finding, prefix) for finding in found.get(place, ())),
                read=place in output.read,
                errors=(output.left_out[place],)
                if place in output.left_out
                else tuple(error.replace(prefix, "") for error in output.errors if prefix in error),
                left_out=place in output.left_out,
            )
        )
    return scans


def _unprefixed(finding: Finding, prefix: str) -> Finding:
    def here(places: tuple[Location, ...]) -> tuple[Location, ...]:
        return tuple(
            msgspec.structs.replace(place, path=place.path.removeprefix(prefix)) if place.path else place
            for place in places
        )

    package = finding.package
    if package and package.manifest:
        package = msgspec.structs.replace(package, manifest=package.manifest.removeprefix(prefix))
    return msgspec.structs.replace(
        finding,
        tool_version=finding.tool_version,
        message=finding.message.replace(prefix, ""),
        locations=here(finding.locations),
        related=here(finding.related),
        flow=here(finding.flow),
        package=package,
        fixes=tuple(
            msgspec.structs.replace(
                fix,
                replacements=tuple(
                    msgspec.structs.replace(one, path=one.path.removeprefix(prefix)) for one in fix.replacements
                ),
            )
            for fix in finding.fixes
        ),
        partial_fingerprints={},
    )
