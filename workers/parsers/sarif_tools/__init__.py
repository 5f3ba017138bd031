"""Refinements: what single tools say in SARIF beyond the standard. One file per tool, found by decorator."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from daemon.domain.finding import Finding
from workers.parsers.sarif_model import Result, Run
from workers.parsers.sarif_places import Places
from workers.parsers.sarif_rules import RuleFacts
from workers.registry import Registry


class Context(NamedTuple):
    """What a refinement may look at beside the finding."""

    result: Result
    rule: RuleFacts
    run: Run
    places: Places


Refine = Callable[[Finding, Context], Finding]


class Refinement(msgspec.Struct, frozen=True, kw_only=True):
    """One tool's refinement."""

    tool: str
    drivers: tuple[str, ...]
    """Names of `tool.driver` in lower case; a trailing `*` matches any ending."""
    refine: Refine


REFINEMENTS: Registry[Refinement] = Registry("refinement", "workers.parsers.sarif_tools")


def refinement(tool: str, *, drivers: Iterable[str]) -> Callable[[Refine], Refine]:
    """Register a function that makes more of one tool's results."""

    def register(refine: Refine) -> Refine:
        REFINEMENTS.add(tool, Refinement(tool=tool, drivers=tuple(drivers), refine=refine))
        return refine

    return register


def refinement_for(driver: str) -> tuple[str, Refine | None]:
    """The tool's name in secaid for a driver's name, and its refinement if it has one."""
    name = driver.strip().lower()
    for item in REFINEMENTS:
        if any(name == known or (known[-1] == "*" and name.startswith(known[:-1])) for known in item.drivers):
            return item.tool, item.refine
    return re.sub(r"[^a-z0-9]+", "-", name[:100]).strip("-") or "unknown", None
