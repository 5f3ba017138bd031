"""What a parser is, and where they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from daemon.domain.finding import Finding
from workers.parsers.content import Probe
from workers.parsers.paths import PathResolver
from workers.registry import Registry

Outcome = tuple[Any, Finding | str]
"""A raw record (JSON bytes, or anything JSON can write) and the finding it is, or why it is none."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One file to parse."""

    path: str
    """Inside the artifact; for messages only."""
    probe: Probe
    paths: PathResolver


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a parser made of a document. `rows` may be lazy; each raw record gives exactly one."""

    tool: str
    tool_version: str | None = None
    rows: Iterable[Outcome] = ()
    tools: tuple[str, ...] = ()
    """Every scanner that ran, where one file holds the results of several."""
    scanned: tuple[str, ...] = ()
    lists_all: bool = False
    """Whether `scanned` names every file that was read."""
    unread: tuple[str, ...] = ()
    """Files that the scanner says it could not read, or not in full."""
    notes: tuple[str, ...] = ()
    complete: bool = True


Parse = Callable[[Document], Parsed]


class Parser(msgspec.Struct, frozen=True, kw_only=True):
    """One report format."""

    name: str
    """Of the format, `trivy-json`; ends up in `Report.format`."""
    tools: tuple[str, ...]
    """Scanners that write it, as far as the format fixes them."""
    recognises: Callable[[Probe], bool]
    """True for content of this format and of no other."""
    clean: tuple[bytes, ...]
    """Whole contents that say "nothing found" without saying who looked: `[]`, or nothing at all."""
    parse: Parse


PARSERS: Registry[Parser] = Registry("parser", "workers.parsers")


def parser(
    name: str, *, tools: Iterable[str], recognises: Callable[[Probe], bool], clean: Iterable[bytes] = ()
) -> Callable[[Parse], Parse]:
    """Register a function as the parser of one format."""

    def register(parse: Parse) -> Parse:
        PARSERS.add(name, Parser(name=name, tools=tuple(tools), recognises=recognises, clean=tuple(clean), parse=parse))
        return parse

    return register
