"""The last step of every parser: text bounded and masked, numbers and paths made safe, repeated values dropped."""

from __future__ import annotations

import msgspec

from daemon.domain.finding import Finding, Location, Package, Region, Replacement, ScannerFix
from workers.parsers.identifiers import unique
from workers.parsers.registry import Parsed
from workers.parsers.text import Cleaner

_MESSAGE = 4000
_HELP = 20_000
_SNIPPET = 8000
_LINE = 300
_MAX_LOCATIONS = 50
_MAX_FIXES = 20
_MAX_REPLACEMENT = 100_000
_MAX_NUMBER = 2**31 - 1
_MAX_TUPLE = 100


class Finisher:
    """Finishes the findings of one report."""

    def __init__(self) -> None:
        self.clean = Cleaner()

    def line(self, text: str | None) -> str | None:
        """A short text on one line; none for an empty one."""
        return " ".join(self.clean(text, _LINE).split()) or None if text else None

    def __call__(self, finding: Finding, parsed: Parsed) -> Finding:
        """The finding, fit to be stored, shown and compared."""
        clean = self.clean
        return Finding(
            tool=finding.tool or parsed.tool,
            tool_version=self.line(finding.tool_version or parsed.tool_version),
            rule=self.line(finding.rule) or "unknown",
            title=self.line(finding.title) or "",
            message=clean(finding.message, _MESSAGE).strip(),
            severity=finding.severity,
            tool_severity=self.line(finding.tool_severity),
            cvss_vector=self.line(finding.cvss_vector),
            cvss_score=finding.cvss_score,
            locations=self._locations(finding.locations),
            related=self._locations(finding.related),
            flow=self._locations(finding.flow),
            package=self._package(finding.package) if finding.package else None,
            aliases=unique(map(self.line, finding.aliases[:_MAX_TUPLE]), without=finding.rule),
            cwes=tuple(dict.fromkeys(finding.cwes)),
            owasp=finding.owasp,
            category=finding.category,
            help_text=clean(finding.help_text, _HELP).strip(),
            help_uri=self._uri(finding.help_uri),
            fixes=tuple(fix for fix in map(self._fix, finding.fixes[:_MAX_FIXES]) if fix),
            partial_fingerprints={
                clean(key, _LINE): clean(value, _LINE)
                for key, value in list(finding.partial_fingerprints.items())[:_MAX_TUPLE]
            },
            confidence=self.line(finding.confidence),
            epss=finding.epss if finding.epss is not None and 0 <= finding.epss <= 1 else None,
            reachable=finding.reachable,
            baseline=finding.baseline,
            suppressed=self.line(finding.suppressed),
        )

    def _locations(self, locations: tuple[Location, ...]) -> tuple[Location, ...]:
        if not locations:
            return ()
        return tuple(dict.fromkeys(map(self._location, locations[:_MAX_LOCATIONS])))

    def _location(self, location: Location) -> Location:
        return Location(
            path=location.path,
            region=_region(location.region),
            offset=location.offset,
            url=self.clean(location.url, 2000) if location.url else None,
            logical=self.clean(location.logical, 500) if location.logical else None,
            snippet=self.clean(location.snippet, _SNIPPET) if location.snippet else None,
            message=self.clean(location.message, 1000) if location.message else None,
        )

    def _package(self, package: Package) -> Package:
        return msgspec.structs.replace(
            package,
            name=self.line(package.name) or "unknown",
            version=self.line(package.version) or "",
            fixed_versions=unique(map(self.line, package.fixed_versions[:_MAX_TUPLE])),
        )

    def _fix(self, fix: ScannerFix) -> ScannerFix | None:
        """The fix, if every replacement can be kept to the letter: a masked one would write the mask into the code."""
        parts = tuple(map(_replacement, fix.replacements))
        if (
            not parts
            or None in parts
            or any(self.clean(part.text, _MAX_REPLACEMENT) != part.text for part in fix.replacements)
        ):
            return None
        return ScannerFix(description=self.line(fix.description) or "", replacements=fix.replacements)

    def _uri(self, uri: str | None) -> str | None:
        """A link that can be followed; anything else (`javascript:`) is dropped."""
        text = self.line(uri)
        return text if text and text.lower().startswith(("https://", "http://")) else None


def _replacement(part: Replacement) -> Replacement | None:
    return part if _region(part.region) else None


def _region(region: Region | None) -> Region | None:
    """The region with numbers that make sense; none where it has no first line."""
    if region is None or not 1 <= region.start_line <= _MAX_NUMBER:
        return None
    end = (
        region.end_line if region.end_line is not None and region.start_line <= region.end_line <= _MAX_NUMBER else None
    )
    start_column, end_column = _positive(region.start_column), _positive(region.end_column)
    if end in {None, region.start_line} and start_column and end_column and end_column < start_column:
        end_column = None
    if (end, start_column, end_column) == (region.end_line, region.start_column, region.end_column):
        return region
    return Region(start_line=region.start_line, start_column=start_column, end_line=end, end_column=end_column)


def _positive(value: int | None) -> int | None:
    return value if value is not None and 1 <= value <= _MAX_NUMBER else None
