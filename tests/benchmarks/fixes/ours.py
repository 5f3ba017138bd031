"""secaid on a tree: every candidate of every finding with its verdict, and one consistent set of fixes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import msgspec

from daemon.domain.fix import Fix, Level
from workers.fixers.propose import knows
from workers.fixers.registry import FIXERS
from workers.repair.compose import compose
from workers.repair.item import Item, Options
from workers.repair.look import look
from workers.repair.repair import repair
from workers.source.tree import SourceTree
from workers.verify.batch import Scanners
from workers.verify.verifier import Verifier


class Figures(msgspec.Struct, kw_only=True):
    """Counts over some findings."""

    findings: int = 0
    known: int = 0
    """Findings that a fixer which changes something is keyed on, or that their scanner offers an edit for."""
    person: int = 0
    """Findings whose rule only a fixer names that never changes anything: its reason says what a person has to do."""
    harmless: int = 0
    """Findings in which there is nothing to mend: a made-up credential in a test, an address that is only compared."""
    attempted: int = 0
    """Those with at least one candidate; for the others the fixers say why there is no sound fix."""
    verified: int = 0
    several: int = 0
    candidates: int = 0
    parse: int = 0
    clean: int = 0
    """Candidates that came to L2, among those that a scanner could judge."""
    judged: int = 0
    """Candidates that parse and whose finding a scanner here could be asked about."""
    preserved: int = 0

    def add(self, item: Item) -> None:
        """Count one finding."""
        self.findings += 1
        fixers = [one for one in FIXERS if knows(one, item.finding)]
        known = bool(item.fixes) or any(not one.for_a_person for one in fixers)
        self.known += known
        self.person += bool(fixers) and not known
        self.harmless += known and item.harmless
        self.attempted += bool(item.fixes)
        self.verified += bool(item.verified)
        self.several += len({fix.candidate.approach for fix in item.verified}) > 1
        for fix in item.fixes:
            self.candidates += 1
            self.parse += fix.verdict.level >= Level.PARSES
            self.judged += fix.verdict.level >= Level.PARSES and not _unverifiable(fix)
            self.clean += fix.verdict.level >= Level.RESCANNED
            self.preserved += fix.verdict.level >= Level.PRESERVED


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """secaid's work on one tree."""

    total: Figures
    by_rule: dict[str, Figures]
    files: dict[str, bytes]
    composed: int
    """Fixes in the consistent set."""
    first_seconds: float
    """Until the findings are known."""
    seconds: float
    """Until every candidate is verified."""
    reasons: tuple[tuple[str, str], ...]
    """Rule and reason of each finding without a verified fix, and of each candidate refused."""


def measure(tree: SourceTree, scanners: Scanners, options: Options) -> tuple[Result, Sequence[Item]]:
    """Look, repair and compose."""
    verifier = Verifier(scanners)
    start = time.perf_counter()
    seen = look(tree, scanners, options)
    first = time.perf_counter() - start
    items = repair(seen.items, tree, verifier, scanners, options)
    seconds = time.perf_counter() - start
    composed = compose(items, tree, verifier)
    rules: dict[str, Figures] = {}
    for item in items:
        rules.setdefault(rule_of(item), Figures()).add(item)
    result = Result(
        total=figures(items),
        by_rule=rules,
        files=dict(composed.files),
        composed=len(composed.chosen),
        first_seconds=first,
        seconds=seconds,
        reasons=tuple(_reasons(items)),
    )
    return result, items


def figures(items: Iterable[Item]) -> Figures:
    """The counts over these findings."""
    counted = Figures()
    for item in items:
        counted.add(item)
    return counted


def rule_of(item: Item) -> str:
    """`tool:rule`."""
    return f"{item.finding.tool}:{item.finding.rule}"


def _unverifiable(fix: Fix) -> bool:
    return (fix.verdict.reason or "").startswith("unverifiable")


def _reasons(items: Sequence[Item]) -> Iterable[tuple[str, str]]:
    for item in items:
        if item.reason:
            yield rule_of(item), item.reason
        for fix in item.fixes:
            if fix.verdict.reason and not fix.verdict.verified:
                yield rule_of(item), f"  {fix.candidate.approach}: {fix.verdict.reason}"
