"""Gitleaks' SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding, Location
from daemon.domain.severity import Severity
from daemon.masking import MASK
from workers.parsers.sarif_tools import Context, refinement
from workers.parsers.text import hide


@refinement("gitleaks", drivers=("gitleaks",))
def refine(finding: Finding, context: Context) -> Finding:
    """A leaked credential is serious whatever the level says; its snippet is the secret itself and is not kept."""
    commit = (context.result.partial_fingerprints or {}).get("commitSha")
    note = f"in commit {commit}" if isinstance(commit, str) and commit else None
    return replace(
        finding,
        severity=Severity.HIGH,
        cwes=finding.cwes or (798,),
        message=hide(finding.message, finding.location.snippet) or "",
        locations=tuple(_without_secret(place, note) for place in finding.locations),
        partial_fingerprints={},
    )


def _without_secret(place: Location, note: str | None) -> Location:
    return replace(place, snippet=MASK if place.snippet else None, message=note)
