"""mobsfscan: Android and iOS source. Without its engine on PATH it silently finds nothing, so a canary must sing."""

from __future__ import annotations

from workers.verify import canary
from workers.verify.kinds import suffix
from workers.verify.scanner import Output, Run, scanner
from workers.verify.scanners.njsscan import OFFLINE, START_BYTES, unread

_CANARY = 'class Canary { fun f() = java.security.MessageDigest.getInstance("MD5") }\n'


def applies(path: str, content: bytes) -> bool:
    """Kotlin, Java, and Android's own XML."""
    del content
    return suffix(path) in {".kt", ".java"} or path.rpartition("/")[2] in {
        "AndroidManifest.xml",
        "network_security_config.xml",
    }


@scanner(name="mobsfscan", requirement="mobsfscan==1.1.0", applies=applies, start_bytes=START_BYTES)
def scan(run: Run) -> Output:
    """One start over the folder."""
    planted = canary.plant(run.root, "Canary.kt", _CANARY)
    done = run.start("--json", "--no-fail", "--type", "android", ".", env=OFFLINE)
    alive = canary.sings(done.stdout, planted)
    broken = unread(done.stdout) if alive else dict.fromkeys(run.paths, "mobsfscan did not report its canary")
    return Output(
        reports=[(done.stdout, "mobsfscan.json")],
        read=frozenset(run.paths) - broken.keys(),
        errors=[f"{path}: {why}" for path, why in sorted(broken.items())],
    )
