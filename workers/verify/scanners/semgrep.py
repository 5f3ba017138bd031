"""Semgrep, with the scanned repository's own rules only: the registry's need a network, and their licence forbids it.

It leaves with 0 on files that it could parse in part or not at all; `paths.scanned` and `errors` say which.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from workers.verify.scanner import Output, Run, scanner
from workers.verify.scanners.njsscan import ENGINE

_ABOUT = re.compile(
    r"\.(?:py|jsx?|mjs|cjs|tsx?|java|kts?|go|rb|php|[ch]|cpp|cs|rs|scala|swift|sh|bash|ya?ml|json|tf|html|xml)$"
    r"|(?:^|/)(?:Docker|Container)file[^/]*$"
)


class _Paths(msgspec.Struct):
    scanned: list[str] = []


class _Report(msgspec.Struct):
    paths: _Paths
    errors: list[dict[str, Any]] = []


def applies(path: str, content: bytes) -> bool:
    """What some rule may be about."""
    del content
    return bool(_ABOUT.search(path))


@scanner(name="semgrep", requirement="semgrep==1.172.0", applies=applies, needs_rules=True)
def scan(run: Run) -> Output:
    """One start over the folder. Without rules there is nothing to ask it."""
    if run.tool.rules is None:
        return Output(reports=(), read=frozenset())
    # Semgrep leaves out tests and more where no file of this name says otherwise.
    (run.root / ".semgrepignore").write_bytes(b"")
    done = run.start(
        "scan",
        *("--json", "--metrics=off", "--disable-version-check", "--no-git-ignore", "--max-target-bytes=0", "--jobs=1"),
        *("--no-rewrite-rule-ids", "--config", run.tool.rules, "."),
        env=ENGINE,
        allowed=(0, 1, 2),
    )
    report = msgspec.json.decode(done.stdout, type=_Report)
    broken = {str(error["path"]): str(error.get("message", "")) for error in report.errors if error.get("path")}
    return Output(
        reports=[(done.stdout, "semgrep.json")],
        read=frozenset(report.paths.scanned) - broken.keys(),
        errors=[f"{path}: {message[:200]}" for path, message in sorted(broken.items())],
    )
