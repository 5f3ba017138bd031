"""Edits → the candidate that they make; none where nothing would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from daemon.domain.fix import Candidate, Edit


def changed(
    approach: str,
    edits: Iterable[Edit],
    explanation: str,
    declares: Iterable[str],
    warnings: Iterable[str] = (),
) -> Candidate | None:
    """The candidate, each edit and declared path once; none without an edit. An empty warning is none."""
    unique = tuple(sorted(set(edits)))
    if not unique:
        return None
    return Candidate(
        approach=approach,
        edits=unique,
        explanation=explanation,
        declares=tuple(dict.fromkeys(declares)),
        warnings=tuple(one for one in warnings if one),
    )


def if_changed(
    approach: str,
    edits: Iterable[Edit],
    explanation: str,
    declares: Iterable[str],
    warnings: Iterable[str] = (),
) -> Iterator[Candidate]:
    """The same, to yield from."""
    candidate = changed(approach, edits, explanation, declares, warnings)
    if candidate is not None:
        yield candidate
