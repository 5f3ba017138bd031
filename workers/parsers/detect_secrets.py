"""detect-secrets' baselines."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from daemon.masking import MASK
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Outcome, Parsed, parser


class Secret(Record):
    """One potential secret; the baseline holds only its hash."""

    type: str
    filename: str | None = None
    line_number: int | None = None
    hashed_secret: str | None = None
    is_verified: bool = False
    is_secret: bool | None = None


class Log(Record):
    """A baseline."""

    results: dict[str, list[msgspec.Raw]]
    version: str | None = None


@parser(
    "detect-secrets-json",
    tools=("detect-secrets",),
    recognises=lambda probe: probe.object_with("results", "plugins_used"),
)
def parse(document: Document) -> Parsed:
    """A baseline → its potential secrets; those that a person audited as none are ignored."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    return Parsed(tool="detect-secrets", tool_version=log.version, rows=_rows(log, document))


def _rows(log: Log, document: Document) -> Iterator[Outcome]:
    for name, raws in log.results.items():
        for raw, secret in each(raws, Secret):
            yield raw, _finding(secret, secret.filename or name, document)


def _finding(secret: Secret, file: str, document: Document) -> Finding | str:
    if secret.is_secret is False:
        return "a person audited it as no secret (is_secret: false)"
    region = lines(secret.line_number)
    return Finding(
        tool="detect-secrets",
        rule=secret.type,
        title=secret.type,
        message=f"{secret.type} in {file}",
        severity=Severity.CRITICAL if secret.is_verified else Severity.HIGH,
        tool_severity="verified" if secret.is_verified else None,
        locations=at_file(document.paths, file, region, snippet=MASK if region else None),
        cwes=(798,),
    )
