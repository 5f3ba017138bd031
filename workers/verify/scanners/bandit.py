"""Bandit: Python. It leaves with the same exit code whether a file parsed or not; `errors` and `metrics` say."""

from __future__ import annotations

import msgspec

from workers.verify.kinds import suffix
from workers.verify.scanner import Output, Run, scanner

_NO_ARGUMENTS = b"[bandit]\n"
"""An explicit one keeps bandit from obeying a `.bandit` that it finds in the tree."""
_TESTS = ("*/tests/*", "*/test/*", "*/test_*.py", "*_test.py", "*/tests.py", "*/conftest.py")
_CONFIGURATION = {"assert_used": {"skips": _TESTS}}
"""As bandit's documentation advises: in a test, `assert` is what the test runner reads. A thousand of them hide the one
finding that matters."""


class _Error(msgspec.Struct):
    filename: str
    reason: str


class _Report(msgspec.Struct):
    errors: list[_Error]
    metrics: dict[str, dict[str, int]]


def applies(path: str, content: bytes) -> bool:
    """Python source."""
    del content
    return suffix(path) in {".py", ".pyw"}


@scanner(name="bandit", requirement="bandit==1.9.4", applies=applies, max_bytes=256 * 1024)
def scan(run: Run) -> Output:
    """One start over the folder, so that the command line stays short; 1 is its exit code for findings."""
    arguments, configuration = run.root.parent / "bandit.ini", run.root.parent / "bandit.json"
    arguments.write_bytes(_NO_ARGUMENTS)
    configuration.write_bytes(msgspec.json.encode(_CONFIGURATION))  # JSON is YAML, which bandit wants
    own = ("--ini", str(arguments), "--configfile", str(configuration))
    done = run.start("--quiet", "--recursive", "--format", "json", *own, "--exclude", "", ".", allowed=(0, 1))
    report = msgspec.json.decode(done.stdout, type=_Report)
    broken = {_relative(error.filename): error.reason for error in report.errors}
    read = frozenset(_relative(path) for path in report.metrics if path != "_totals")
    return Output(
        reports=[(done.stdout, "bandit.json")],
        read=read - broken.keys(),
        errors=[f"{path}: {reason}" for path, reason in sorted(broken.items())],
    )


def _relative(path: str) -> str:
    return path.removeprefix("./")
