"""A SARIF run's places: URI bases, artifact indices, logical locations, flows and fixes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from daemon.domain import finding as nouns
from workers.parsers.paths import PathResolver
from workers.parsers.sarif_messages import text_of
from workers.parsers.sarif_model import (
    ArtifactLocation,
    CodeFlow,
    Fix,
    Location,
    LogicalLocation,
    PhysicalLocation,
    Region,
    Replacement,
    Run,
    ThreadFlowLocation,
)

_MAX_BASES = 10
_MAX_STEPS = 50
_MAX_OFFSET = 2**53


class Places:
    """Resolves the places of one run."""

    def __init__(self, run: Run, paths: PathResolver) -> None:
        self._run = run
        self._bases = run.original_uri_base_ids or {}
        roots = [base.uri for base in self._bases.values() if base.uri and _absolute(base.uri)]
        roots += [
            call.working_directory.uri
            for call in run.invocations or ()
            if call.working_directory and call.working_directory.uri and _absolute(call.working_directory.uri)
        ]
        self._home = next(
            (one.mapped_to.uri_base_id for one in run.version_control_provenance or () if one.mapped_to), None
        )
        home = self._bases[self._home].uri if self._home in self._bases else None
        self._roots = sorted(set(roots), key=lambda root: (root != home, len(root)))
        self._paths = paths.with_roots(self._roots)
        self._artifacts = run.artifacts or []

    def locations(
        self, locations: Sequence[Location] | None, strings: Mapping[str, str] | None = None
    ) -> tuple[nouns.Location, ...]:
        """SARIF locations → locations; those that say nothing are left out. `strings`: the rule's texts, by id."""
        found = (self._location(location, strings) for location in locations or ())
        return tuple(location for location in found if location.path or location.url or location.logical)

    def url(self, target: str) -> nouns.Location:
        """The place of a web request."""
        return nouns.Location(url=target)

    def file(self, location: ArtifactLocation | None) -> tuple[nouns.Location, ...]:
        """A file as a whole, if it is named."""
        place = self._paths.place(self._name(location))
        found = nouns.Location(path=place.path, url=place.url, logical=place.other)
        return () if found == nouns.Location() else (found,)

    def flow(
        self,
        flows: Sequence[CodeFlow] | None,
        primary: Sequence[nouns.Location],
        strings: Mapping[str, str] | None = None,
    ) -> tuple[nouns.Location, ...]:
        """The first flow's steps; none where it only repeats the finding's own place."""
        for flow in flows or ():
            for thread in flow.thread_flows or ():
                steps = [self._step(step) for step in (thread.locations or ())[:_MAX_STEPS]]
                found = self.locations([step for step in steps if step], strings)
                return found if any(step.region != primary[0].region for step in found if primary) else ()
        return ()

    def fixes(self, fixes: Sequence[Fix] | None) -> tuple[nouns.ScannerFix, ...]:
        """The fixes whose every edit names a file of the repository and a region in lines."""
        return tuple(fix for fix in map(self._fix, fixes or ()) if fix)

    def scanned(self) -> Iterator[str]:
        """Files that the run lists as read."""
        for artifact in self._artifacts:
            if artifact.location and (not artifact.roles or {"analysisTarget", "resultFile"} & set(artifact.roles)):
                path = self.path(artifact.location)
                if path:
                    yield path

    def path(self, location: ArtifactLocation | None) -> str | None:
        """The repository file that an artifact location names, if it names one."""
        name = self._name(location)
        return self._paths.path(name) if name else None

    def _name(self, location: ArtifactLocation | None) -> str | None:
        """The URI, found by index and put behind its base."""
        if location is None:
            return None
        base = location.uri_base_id
        uri = location.uri
        if not uri and location.index is not None and 0 <= location.index < len(self._artifacts):
            known = self._artifacts[location.index].location
            uri, base = (known.uri, base or known.uri_base_id) if known else (None, None)
        if not uri or _absolute(uri):
            return uri
        return f"{self._prefix(base)}{uri}"

    def _prefix(self, base: str | None) -> str:
        """What stands between the repository's root and a base: its own relative part, and its parents'."""
        prefix = ""
        for _ in range(_MAX_BASES):
            known = self._bases.get(base) if base else None
            if known is None or not known.uri or base == self._home:
                return prefix
            if _absolute(known.uri):
                root = next((root for root in self._roots if len(root) > 8 and known.uri.startswith(root)), known.uri)
                return f"{known.uri.removeprefix(root).strip('/')}/{prefix}".lstrip("/")
            prefix, base = f"{known.uri.rstrip('/')}/{prefix}", known.uri_base_id
        return prefix

    def _location(self, location: Location, strings: Mapping[str, str] | None) -> nouns.Location:
        physical = location.physical_location or PhysicalLocation()
        place = self._paths.place(self._name(physical.artifact_location))
        logical = self._logical(location.logical_locations) or place.other
        region = physical.region or physical.context_region
        return nouns.Location(
            path=place.path,
            url=place.url,
            logical=logical,
            region=to_region(region),
            offset=_offset(physical.region),
            snippet=_snippet(physical),
            message=text_of(location.message, strings) or None,
        )

    def _logical(self, logical: Sequence[LogicalLocation] | None) -> str | None:
        known = self._run.logical_locations or []
        for item in logical or ():
            index = item.index
            named = known[index] if index is not None and 0 <= index < len(known) and not item.name else item
            name = item.fully_qualified_name or named.fully_qualified_name or named.name
            if name:
                return name
        return None

    def _step(self, step: ThreadFlowLocation) -> Location | None:
        shared = self._run.thread_flow_locations or []
        if step.location is None and step.index is not None and 0 <= step.index < len(shared):
            return shared[step.index].location
        return step.location

    def _fix(self, fix: Fix) -> nouns.ScannerFix | None:
        edits: list[nouns.Replacement] = []
        for change in fix.artifact_changes or ():
            path = self.path(change.artifact_location)
            for replacement in change.replacements or ():
                edit = _replacement(path, replacement)
                if edit is None:
                    return None
                edits.append(edit)
        description = (fix.description.text or fix.description.markdown or "") if fix.description else ""
        return nouns.ScannerFix(description=description, replacements=tuple(edits)) if edits else None


def to_region(region: Region | None) -> nouns.Region | None:
    """A SARIF region in lines; none for one in offsets alone."""
    if region is None or not region.start_line:
        return None
    return nouns.Region(
        start_line=region.start_line,
        start_column=region.start_column,
        end_line=region.end_line,
        end_column=region.end_column,
    )


def _offset(region: Region | None) -> int | None:
    """Where a region without lines begins."""
    if region is None or region.start_line:
        return None
    begins = region.char_offset if region.char_offset is not None else region.byte_offset
    return begins if begins is not None and 0 <= begins < _MAX_OFFSET else None


def _replacement(path: str | None, replacement: Replacement) -> nouns.Replacement | None:
    region = to_region(replacement.deleted_region)
    if not path or region is None:
        return None
    text = (replacement.inserted_content.text or "") if replacement.inserted_content else ""
    return nouns.Replacement(path=path, region=region, text=text)


def _snippet(physical: PhysicalLocation) -> str | None:
    for region in (physical.region, physical.context_region):
        if region and region.snippet and region.snippet.text and region.snippet.text.strip():
            return region.snippet.text
    return None


def _absolute(uri: str) -> bool:
    return uri.startswith(("/", "\\")) or ":" in uri.split("/", 1)[0]
