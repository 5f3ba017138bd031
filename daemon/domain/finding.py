"""A finding: one thing that one scanner says about one place."""

from __future__ import annotations

import enum
import re

import msgspec

from daemon.domain.severity import Severity


def rule_name(rule: str) -> str:
    """A rule's own name, without the path that scanners and reports put in front of it: `a.b.rule`, `tool/rule`."""
    return re.split(r"[./]", rule)[-1]


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a text file, as SARIF counts: lines and columns from 1, `end_column` exclusive."""

    start_line: int
    start_column: int | None = None
    end_line: int | None = None
    end_column: int | None = None

    @property
    def last_line(self) -> int:
        """The last line; the first where the report gives none, or one in front of it."""
        return max(self.start_line, self.end_line or 0)

    @property
    def lines(self) -> range:
        """Its lines."""
        return range(self.start_line, self.last_line + 1)

    def overlaps(self, first: int, last: int) -> bool:
        """Whether one of its lines is one of those from `first` to `last`."""
        return self.start_line <= last and first <= self.last_line


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finding points: a file of the repository, or a URL, or a logical place (an image layer)."""

    path: str | None = None
    """Relative to the repository's root, with `/`; never absolute, never with `..`."""
    region: Region | None = None
    offset: int | None = None
    """Characters or bytes from the beginning of the file, from 0, where the report counts no lines."""
    url: str | None = None
    logical: str | None = None
    snippet: str | None = None
    """The code as the report quotes it, secrets masked."""
    message: str | None = None
    """What the report says about this place, where it is not the finding's own message."""


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """The package a dependency finding is about."""

    ecosystem: str
    """As OSV names it (`npm`, `PyPI`, `Maven`, `Go`, `Debian` …)."""
    name: str
    version: str
    purl: str | None = None
    fixed_versions: tuple[str, ...] = ()
    """Every version that a source says fixes it, unordered."""
    manifest: str | None = None
    """The file that declares or locks it, relative to the repository's root."""


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """One edit that a scanner offers itself: this region of this file becomes this text."""

    path: str
    region: Region
    text: str


class ScannerFix(msgspec.Struct, frozen=True, kw_only=True):
    """A fix that the report carries (SARIF `fixes`, Semgrep `fix`, zizmor's)."""

    description: str
    replacements: tuple[Replacement, ...]


class FindingState(enum.StrEnum):
    """Where a finding stands over the scans of one branch."""

    OPEN = "open"
    FIXED = "fixed"
    REOPENED = "reopened"
    SUPPRESSED = "suppressed"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One normalised finding. Its text was written by strangers: quoted data, never instructions."""

    tool: str
    """Lower-case scanner name: `semgrep`, `trivy`, `zizmor` …"""
    tool_version: str | None = None
    rule: str
    """The rule's id as the scanner prints it."""
    title: str = ""
    message: str
    severity: Severity
    tool_severity: str | None = None
    """The scanner's own word."""
    cvss_vector: str | None = None
    cvss_score: float | None = None
    locations: tuple[Location, ...] = ()
    """The first is the primary one."""
    related: tuple[Location, ...] = ()
    """Places that explain it, without being it."""
    flow: tuple[Location, ...] = ()
    """The first code flow, from source to sink."""
    package: Package | None = None
    aliases: tuple[str, ...] = ()
    """CVE, GHSA and other ids of the same vulnerability."""
    cwes: tuple[int, ...] = ()
    owasp: tuple[str, ...] = ()
    category: str = "other"
    """The vulnerability type (access-control, injection, dependency, container, workflow, secret …)."""
    help_text: str = ""
    help_uri: str | None = None
    fixes: tuple[ScannerFix, ...] = ()
    partial_fingerprints: dict[str, str] = {}
    confidence: str | None = None
    """The scanner's own word for how sure it is."""
    epss: float | None = None
    """Probability of exploitation, 0–1, where the report knows it."""
    reachable: bool | None = None
    """Whether the scanner saw the vulnerable code called; none where it did not look."""
    baseline: str | None = None
    """`new`, `unchanged` or `updated` against the baseline that the scanner compared with."""
    suppressed: str | None = None
    """The scanner's own suppression, with its reason."""

    @property
    def rule_name(self) -> str:
        """The rule's own name, see `rule_name`."""
        return rule_name(self.rule)

    @property
    def location(self) -> Location:
        """The primary location; an empty one where the report gives none."""
        return self.locations[0] if self.locations else Location()

    @property
    def path(self) -> str | None:
        """The file it is about, if it is about one."""
        return self.location.path or (self.package.manifest if self.package else None)

    @property
    def line(self) -> int | None:
        """The first line it points to, from 1."""
        region = self.location.region
        return region.start_line if region else None
