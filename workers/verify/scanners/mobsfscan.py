"""mobsfscan: Android and iOS source. Without its engine on PATH it silently finds nothing, so a canary must sing."""

from __future__ import annotations

import re

from workers.verify import canary
from workers.verify.kinds import suffix
from workers.verify.scanner import Output, Run, scanner
from workers.verify.scanners.njsscan import ENGINE, START_BYTES, unread

_XML = re.compile(r"(?:^|/)(?:AndroidManifest|network_security_config|res/(?:layout|values|xml)[^/]*/[^/]+)\.xml$")
_KINDS = ("", "best_practices/")
_LANGUAGES = ("java", "kotlin", "swift")
_CANARY = 'class Canary { fun f() = java.security.MessageDigest.getInstance("MD5") }\n'


def applies(path: str, content: bytes) -> bool:
    """Kotlin, Java, and Android's own XML: manifests and resources."""
    del content
    return suffix(path) in {".kt", ".java"} or _XML.search(path) is not None


@scanner(
    name="mobsfscan",
    requirement="mobsfscan==1.1.0",
    applies=applies,
    start_bytes=START_BYTES,
    rule_folders=tuple(f"rules/semgrep/{kind}{language}" for kind in _KINDS for language in _LANGUAGES),
)
def scan(run: Run) -> Output:
    """One start over the folder."""
    planted = canary.plant(run.root, "Canary.kt", _CANARY)
    done = run.start("--json", "--no-fail", "--type", "android", ".", env=ENGINE)
    alive = canary.sings(done.stdout, planted)
    broken = unread(done.stdout) if alive else dict.fromkeys(run.paths, "mobsfscan did not report its canary")
    return Output(
        reports=[(done.stdout, "mobsfscan.json")],
        read=frozenset(run.paths) - broken.keys(),
        errors=[f"{path}: {why}" for path, why in sorted(broken.items())],
    )
