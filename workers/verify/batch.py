"""Many files, few starts: files (as they were, as patched) → what each scanner says about each of them."""

from __future__ import annotations

import concurrent.futures
import functools
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from daemon.errors import ReportBroken, ScannerStuck, ScannerUnavailable, UnknownFormat
from workers.source.bomb import is_bomb
from workers.verify.answers import Cache, FileScan, MemoryCache, Unit
from workers.verify.process import execute, stop_all
from workers.verify.scanner import SCANNERS, Adapter, Completed, ParseReport, Run, Tool, findings_of
from workers.verify.scratch import Scratch
from workers.verify.variants import by_unit, chunks, lay_out

_LEAST_SECONDS = 60
_POLL_SECONDS = 0.05
_MOST_PATIENCE = 4


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
            work += [(name, chunk) for chunk in chunks(missing, SCANNERS.get(name).start_bytes)]
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
            laid = lay_out(root, units)
            seconds = timeout * _patience()
            start = functools.partial(_execute, tool, root, seconds)
            output = adapter.scan(Run(tool=tool, root=root, paths=laid, start=start, timeout=seconds))
            findings = findings_of(self._parse, tool.name, root, output.reports)
        return by_unit(tool, units, laid, output, findings)


def _patience() -> float:
    """How many times longer a start may take, because other work wants the processors too.

    Without it a busy machine takes scanners for stuck, halves what they were given, and starts them all the oftener.
    """
    return min(_MOST_PATIENCE, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def _execute(tool: Tool, root: Path, timeout: float, *arguments: str, **options: Any) -> Completed:
    return execute([tool.executable, *arguments], folder=root, timeout=timeout, **options)
