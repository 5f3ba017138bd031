"""Many files, one start: files (as they were, as patched) → what each scanner says about each of them.

Every variant of a file lies at its own path of one temporary tree (`v0007/.github/workflows/ci.yml`), so that paths
that mean something to a scanner keep their meaning, and one start of a scanner answers for all of them. Files that lie
beside each other, as those of a Terraform module do, are one variant: it is read once for all of them.
"""

from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from daemon.domain.finding import Finding, Location
from daemon.errors import ReportBroken, ScannerStuck, ScannerUnavailable, UnknownFormat
from workers.source.bomb import is_bomb
from workers.source.tree import safe_path
from workers.verify.process import execute, stop_all
from workers.verify.scanner import SCANNERS, Adapter, Completed, Output, ParseReport, Run, Tool, findings_of
from workers.verify.scratch import Scratch

MAX_FILES = 500
"""Of one start: with the adapter's `start_bytes` it bounds memory, and what one broken file can spoil."""
_LEAST_SECONDS = 60
_POLL_SECONDS = 0.05
_MOST_PATIENCE = 4


class Unit(msgspec.Struct, frozen=True, dict=True):
    """One file to look at, with the files that must lie beside it."""

    path: str
    content: bytes
    beside: tuple[tuple[str, bytes], ...] = ()

    @functools.cached_property
    def files(self) -> frozenset[tuple[str, bytes]]:
        """The file and what lies beside it: units of which this is the same are looked at in one place."""
        return frozenset(((self.path, self.content), *self.beside))

    def key(self, tool: Tool) -> str:
        """What a scanner's answer depends on: the scanner, its version, the path and all bytes."""
        digest = hashlib.sha256(f"1\0{tool.name}\0{tool.version}".encode())
        for path, content in ((self.path, self.content), *self.beside):
            digest.update(b"\0".join((path.encode("utf-8", "surrogateescape"), str(len(content)).encode(), content)))
        return digest.hexdigest()


class FileScan(msgspec.Struct, frozen=True, kw_only=True):
    """What one scanner said about one file."""

    scanner: str
    version: str
    findings: tuple[Finding, ...] = ()
    read: bool = False
    """Whether the run proves that the file was read."""
    errors: tuple[str, ...] = ()
    failed: bool = False
    """Whether the scanner itself failed on it, and said nothing of the file."""
    left_out: bool = False
    """Whether the scanner leaves such a file out by rules of its own, whenever it is asked."""


class Cache(Protocol):
    """Answers by content, so that nothing is scanned twice."""

    def get(self, key: str) -> FileScan | None:
        """The stored answer, if there is one."""
        ...

    def put(self, key: str, scan: FileScan) -> None:
        """Store an answer."""
        ...


class MemoryCache:
    """Answers for as long as this process lives."""

    def __init__(self) -> None:
        self._scans: dict[str, FileScan] = {}

    def get(self, key: str) -> FileScan | None:
        """See `Cache.get`."""
        return self._scans.get(key)

    def put(self, key: str, scan: FileScan) -> None:
        """See `Cache.put`."""
        self._scans[key] = scan


class Scanners:
    """The scanners that run here, and what they said so far."""

    def __init__(
        self,
        tools: Iterable[Tool],
        parse: ParseReport,
        *,
        timeout: float = 300,
        parallel: int = 2,
        cache: Cache | None = None,
    ) -> None:
        self.tools = {tool.name: tool for tool in tools}
        self._parse = parse
        self._timeout = timeout
        self._parallel = parallel
        self._cache = cache if cache is not None else MemoryCache()
        self._stopped = False
        self._stuck: dict[tuple[str, str], FileScan] = {}
        """Files over which a scanner did not end: what is patched of them would only stop it again."""
        self.starts = 0
        """How often a scanner was started; for benchmarks."""

    def applicable(self, path: str, content: bytes) -> list[Adapter]:
        """The scanners here that look at such a file."""
        return [adapter for adapter in SCANNERS if self._ready(adapter) and adapter.applies(path, content)]

    def _ready(self, adapter: Adapter) -> bool:
        tool = self.tools.get(adapter.name)
        return tool is not None and (tool.rules is not None or not adapter.needs_rules)

    def scan(
        self,
        wanted: Mapping[str, Iterable[Unit]],
        done: Callable[[str, Collection[FileScan]], None] = lambda _name, _scans: None,
    ) -> dict[tuple[str, Unit], FileScan]:
        """Scanner name → files to look at → every answer. `done(scanner, answers)` is told as starts end."""
        answers: dict[tuple[str, Unit], FileScan] = {}
        work: list[tuple[str, list[Unit]]] = []
        for name, units in wanted.items():
            missing = []
            for unit in dict.fromkeys(units):
                known = self._refused(name, unit) or self._cache.get(unit.key(self.tools[name]))
                if known is None:
                    missing.append(unit)
                else:
                    answers[name, unit] = known
            work += [(name, chunk) for chunk in _chunks(missing, SCANNERS.get(name).start_bytes)]
        with concurrent.futures.ThreadPoolExecutor(self._parallel) as pool:
            futures = {pool.submit(self._chunk, name, units, self._timeout): name for name, units in work}
            try:
                for future in concurrent.futures.as_completed(futures):
                    result = future.result()
                    answers |= result
                    done(futures[future], result.values())
            except BaseException:
                self._stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                # Again and again: a thread may be about to start one when the others are ended.
                while not all(future.done() for future in futures):
                    stop_all()
                    time.sleep(_POLL_SECONDS)
                raise
        return answers

    def _refused(self, name: str, unit: Unit) -> FileScan | None:
        limit = SCANNERS.get(name).max_bytes
        if len(unit.content) > limit:
            error = f"{unit.path} is over {limit >> 10} KiB: data rather than code, so it is not scanned"
            return FileScan(scanner=name, version=self.tools[name].version, errors=(error,))
        if is_bomb(unit.path, unit.content):
            error = f"{unit.path} is a bomb of aliases, over which no scanner ends"
            return FileScan(scanner=name, version=self.tools[name].version, errors=(error,))
        return self._stuck.get((name, unit.path))

    def _chunk(self, name: str, units: Sequence[Unit], timeout: float) -> dict[tuple[str, Unit], FileScan]:
        try:
            scans = self._start(SCANNERS.get(name), units, timeout)
        except (ScannerUnavailable, ReportBroken, UnknownFormat, msgspec.DecodeError) as error:
            if self._stopped:
                raise
            if len(units) == 1:
                tool = self.tools[name]
                failed = FileScan(scanner=name, version=tool.version, errors=(str(error),), failed=True)
                if isinstance(error, ScannerStuck):
                    self._stuck[name, units[0].path] = failed
                return {(name, units[0]): failed}
            # One file can spoil a whole start: halve until it stands alone.
            middle = len(units) // 2
            halved = max(timeout / 2, min(timeout, _LEAST_SECONDS))
            return self._chunk(name, units[:middle], halved) | self._chunk(name, units[middle:], halved)
        for unit, scan in zip(units, scans, strict=True):
            self._cache.put(unit.key(self.tools[name]), scan)
        return {(name, unit): scan for unit, scan in zip(units, scans, strict=True)}

    def _start(self, adapter: Adapter, units: Sequence[Unit], timeout: float) -> list[FileScan]:
        tool = self.tools[adapter.name]
        self.starts += 1
        with Scratch("scan") as folder:
            # Resolved, because macOS' temporary folder is a link and scanners print what it points to.
            root = Path(folder).resolve() / "tree"
            root.mkdir()
            laid = _lay_out(root, units)
            seconds = timeout * _patience()
            start = functools.partial(_execute, tool, root, seconds)
            output = adapter.scan(Run(tool=tool, root=root, paths=laid, start=start, timeout=seconds))
            findings = findings_of(self._parse, tool.name, root, output.reports)
        return _by_unit(tool, units, laid, output, findings)


def _patience() -> float:
    """How many times longer a start may take, because other work wants the processors too.

    Without it a busy machine takes scanners for stuck, halves what they were given, and starts them all the oftener.
    """
    return min(_MOST_PATIENCE, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def _chunks(units: Sequence[Unit], most: int) -> Iterator[list[Unit]]:
    """Starts bounded in files and bytes, the largest files together, so that they hold up none of the others."""
    chunk: list[Unit] = []
    size = 0
    for group in sorted(_groups(units), key=lambda group: max(len(unit.content) for unit in group)):
        more = sum(len(content) for _, content in group[0].files)
        if chunk and (len(chunk) + len(group) > MAX_FILES or size + more > most):
            yield chunk
            chunk, size = [], 0
        chunk += group
        size += more
    if chunk:
        yield chunk


def _groups(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Units that are looked at in one place."""
    together: dict[frozenset[tuple[str, bytes]], list[Unit]] = {}
    for unit in units:
        together.setdefault(unit.files, []).append(unit)
    for group in together.values():
        yield from (group[at : at + MAX_FILES] for at in range(0, len(group), MAX_FILES))


def _execute(tool: Tool, root: Path, timeout: float, *arguments: str, **options: Any) -> Completed:
    return execute([tool.executable, *arguments], folder=root, timeout=timeout, **options)


def _lay_out(root: Path, units: Sequence[Unit]) -> list[str]:
    """Write every variant once; where each unit lies."""
    folders: dict[frozenset[tuple[str, bytes]], str] = {}
    for unit in units:
        if unit.files not in folders:
            folders[unit.files] = f"v{len(folders):04d}"
            for path, content in unit.files:
                file = root / folders[unit.files] / safe_path(path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
    return [f"{folders[unit.files]}/{unit.path}" for unit in units]


def _by_unit(
    tool: Tool, units: Sequence[Unit], laid: Sequence[str], output: Output, findings: Iterable[Finding]
) -> list[FileScan]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.path or "", []).append(finding)
    scans = []
    for unit, place in zip(units, laid, strict=True):
        prefix = place.removesuffix(unit.path)
        scans.append(
            FileScan(
                scanner=tool.name,
                version=tool.version,
                findings=tuple(_unprefixed(finding, prefix) for finding in found.get(place, ())),
                read=place in output.read,
                errors=(output.left_out[place],)
                if place in output.left_out
                else tuple(error.replace(prefix, "") for error in output.errors if prefix in error),
                left_out=place in output.left_out,
            )
        )
    return scans


def _unprefixed(finding: Finding, prefix: str) -> Finding:
    def here(places: tuple[Location, ...]) -> tuple[Location, ...]:
        return tuple(
            msgspec.structs.replace(place, path=place.path.removeprefix(prefix)) if place.path else place
            for place in places
        )

    package = finding.package
    if package and package.manifest:
        package = msgspec.structs.replace(package, manifest=package.manifest.removeprefix(prefix))
    return msgspec.structs.replace(
        finding,
        tool_version=finding.tool_version,
        message=finding.message.replace(prefix, ""),
        locations=here(finding.locations),
        related=here(finding.related),
        flow=here(finding.flow),
        package=package,
        partial_fingerprints={},
    )
