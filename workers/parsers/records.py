"""What the typed records of all formats share, and small helpers for making findings of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from daemon.domain.finding import Location, Region
from workers.parsers.paths import PathResolver, Place

T = TypeVar("T")


class Record(msgspec.Struct, gc=False):
    """A record of a report. Members that secaid does not use are skipped without being decoded."""


def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """A decoder that takes `"12"` for 12, as several scanners write it."""
    return msgspec.json.Decoder(kind, strict=False)


def each(raws: Iterable[msgspec.Raw] | None, kind: type[T]) -> Iterator[tuple[msgspec.Raw, T]]:
    """Raw records with what they decode to, one at a time."""
    decode = decoder(kind).decode
    return ((raw, decode(raw)) for raw in raws or ())


def lines(
    start: int | None, end: int | None = None, *, column: int | None = None, end_column: int | None = None
) -> Region | None:
    """A region from 1-based lines and columns; none where there is no first line."""
    if not start or start < 1:
        return None
    return Region(start_line=start, start_column=column, end_line=end or start, end_column=end_column)


def located(place: Place, region: Region | None = None, *, snippet: str | None = None) -> tuple[Location, ...]:
    """One location, or none where the report names no place at all."""
    if place == Place():
        return ()
    return (Location(path=place.path, url=place.url, logical=place.other, region=region, snippet=snippet or None),)


def at_file(
    paths: PathResolver, name: str | None, region: Region | None = None, *, snippet: str | None = None
) -> tuple[Location, ...]:
    """The location of a file by the name that the report gives it."""
    return located(paths.place(name), region, snippet=snippet)
