"""finding and source → an identity that survives moved and re-indented code, and renamed files.

The identity is the rule, the file, and the code that the rule flags, without white space. What stands around the
flagged lines is left out on purpose: lines inserted next to a finding must not make it a new one. Where the same
code is flagged twice in a file, `workers.triage.merge` counts; where there is no code at all, the words count.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from daemon.domain.finding import Finding, Location, Region
from daemon.errors import SourceUnavailable
from daemon.masking import mask
from workers.source.tree import SourceTree

ID_LENGTH = 32
"""Hexadecimal digits."""
_WHOLE_BLOCK = 12
"""A region of more lines is a block or a file: its first line names it, and what changes inside is no new finding."""
_CACHED_FILES = 512
_SEPARATOR = "\x1f"
_TAG = re.compile(r"(?:@sha256:[0-9a-f]+|:[\w][\w.-]{0,127})$")
_NUMBERS = re.compile(r"\d+")


def digest(*parts: str) -> str:
    """A hexadecimal id of these parts."""
    return hashlib.sha256(_SEPARATOR.join(parts).encode("utf-8", "replace")).hexdigest()[:ID_LENGTH]


def fingerprint(finding: Finding, source: SourceTree | None = None, *, renames: Mapping[str, str] | None = None) -> str:
    """One finding's identity by itself; see `Fingerprints` for many.

    Args:
        finding: As a parser made it.
        source: The scanned commit's files; without them the report's own snippet stands in, then its message.
        renames: New path → the path under which the finding was first seen, where git shows a rename.
    """
    return Fingerprints(source, renames=renames)(finding)


class Fingerprints:
    """Fingerprints of the findings of one commit; files are read and normalised once."""

    def __init__(self, source: SourceTree | None = None, *, renames: Mapping[str, str] | None = None) -> None:
        self._source = source
        self._renames = renames or {}
        self._files: dict[str, list[str] | None] = {}

    def __call__(self, finding: Finding) -> str:
        """Equal for the same finding after its code moved; equal, too, for equal code flagged twice in a file."""
        return digest(finding.tool, finding.rule, *self._subject(finding))

    def _subject(self, finding: Finding) -> tuple[str, ...]:
        location = finding.location
        path = self._renames.get(finding.path or "", finding.path or "")
        where = path or place_name(location)
        if finding.package is not None:
            return ("package", finding.package.name.lower(), finding.package.version, where)
        if location.region:
            code = self._code(location.path, location.region) or code_of(location.snippet, location.region)
            if code:
                return ("code", where, code)
        elif not path and where:
            return ("place", where)
        return ("words", where, self._words(finding))

    def _code(self, path: str | None, region: Region) -> str:
        lines = self._lines(path) if path else None
        if lines is None or region.start_line > len(lines):
            return ""
        end = min(region.end_line or region.start_line, len(lines))
        flagged = [line for line in lines[region.start_line - 1 : max(end, region.start_line)] if line]
        return "\n".join(flagged[:1] if end - region.start_line >= _WHOLE_BLOCK else flagged)

    def _lines(self, path: str) -> list[str] | None:
        if self._source is None:
            return None
        if path not in self._files:
            if len(self._files) >= _CACHED_FILES:
                self._files.clear()
            self._files[path] = self._read(self._source, path)
        return self._files[path]

    def _read(self, source: SourceTree, path: str) -> list[str] | None:
        try:
            return normalised(source.read(path).decode("utf-8", "replace"))
        except SourceUnavailable:
            return None

    def _words(self, finding: Finding) -> str:
        """Where the report has no code: a scanner's own fingerprint, beside rule and file; else its message."""
        for key in sorted(finding.partial_fingerprints):
            return f"{key}={finding.partial_fingerprints[key]}"
        return _NUMBERS.sub("0", " ".join(finding.message.split()))


def normalised(text: str) -> list[str]:
    """Lines without white space and without secrets: re-indenting changes nothing, and no id is made from a secret."""
    return ["".join(line.split()) for line in mask(text).split("\n")]


def code_of(snippet: str | None, region: Region) -> str:
    """The flagged code as the report quotes it, normalised; nothing where it quotes none."""
    lines = [line for line in normalised(snippet or "") if line]
    span = (region.end_line or region.start_line) - region.start_line
    return "\n".join(lines[:1] if span >= _WHOLE_BLOCK else lines)


def place_name(location: Location) -> str:
    """A place outside of the repository: an image without its tag, a site without its pages."""
    if location.logical:
        image, colon, inside = location.logical.partition(": ")
        return f"{image if '://' in image else _TAG.sub('', image)}{colon}{inside}"
    if not location.url:
        return ""
    try:
        parts = urlsplit(location.url)
    except ValueError:
        return location.url
    return f"{parts.scheme}://{parts.netloc}"
