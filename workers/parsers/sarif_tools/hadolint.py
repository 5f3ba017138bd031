"""hadolint's SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from workers.parsers.sarif_tools import Context, refinement
from workers.parsers.text import first_line

_WIKI = "https://github.com/hadolint/hadolint/wiki/"
_SHELL = "https://www.shellcheck.net/wiki/"


def help_uri(rule: str) -> str:
    """The rule's page; hadolint's reports name none."""
    return f"{_SHELL if rule.startswith('SC') else _WIKI}{rule}"


@refinement("hadolint", drivers=("hadolint",))
def refine(finding: Finding, context: Context) -> Finding:
    """Rules are not described: their message is their title, their page is known; `note` is its info and style."""
    rated = Severity.INFO if context.result.level == "note" else finding.severity
    return replace(finding, title=first_line(finding.message), help_uri=help_uri(finding.rule), severity=rated)
