"""A finding in its tree → candidates, from every fixer that knows its rule and from what the scanner itself offers."""

from __future__ import annotations

import fnmatch
import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from daemon.domain.finding import Finding, Region, Replacement
from daemon.domain.fix import Candidate, Edit, FixSource
from daemon.errors import Permanent, SourceUnavailable
from daemon.events import emit
from workers.fixers.decided import refuse_decided
from workers.fixers.registry import FIXERS, Fixer, Harmless, NoFix, NotHere, OtherLanguage, Target
from workers.source.copies import is_copy
from workers.source.tests import is_test, is_test_data

MAX_CANDIDATES = 8
"""Of one finding."""
MAX_OF_ONE_FIXER = 6
SCANNER_DECLARES = ("node:flagged",)
_WITHOUT_CONTEXT = ("semgrep",)
"""Scanners whose rules offer a text that knows no imports, signatures or other uses: where a fixer knows the rule, what
that says is better. Of every scanner it is where it says why there is no sound fix."""


class Proposal(msgspec.Struct, frozen=True):
    """What can be tried for a finding."""

    candidates: tuple[Candidate, ...] = ()
    reason: str | None = None
    """Why there are none, or what a fixer said where others had an answer."""
    harmless: bool = False
    """There is nothing to mend, as the reason says."""


_MIGRATION = re.compile(r"(?:^|/)migrations/(?:versions/\w+|\d{4}_\w+)\.py$")
_CODE = (".py", ".pyi", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".java", ".kt")


def propose(target: Target) -> Proposal:
    """Every distinct candidate, deterministic fixers first. A fixer that breaks never stops the others."""
    found: list[Candidate] = []
    reasons: list[NoFix] = []
    fixers = fixers_for(target.finding)
    for one in fixers:
        candidates, reason = _of(one, target)
        found += candidates
        if reason:
            reasons.append(reason)
    known = any(knows(one, target.finding) for one in fixers)
    if not known or (target.finding.tool not in _WITHOUT_CONTEXT and (found or not reasons)):
        found += _from_scanner(target, reasons)
    if not found and not reasons:
        where = " in a file of this language" if known else ""
        reasons.append(NoFix(f"no fixer knows {target.finding.tool}'s rule {target.finding.rule}{where}"))
    harmless = not found and all(isinstance(reason, Harmless) for reason in reasons)
    said = "; ".join(dict.fromkeys(map(str, reasons))) or None
    return Proposal(tuple(_distinct(found)[:MAX_CANDIDATES]), said, harmless)


def fixers_for(finding: Finding) -> list[Fixer]:
    """The fixers whose rules name the finding's; for a rule that none names, those of its CWE. Verification decides."""
    named = [fixer for fixer in FIXERS if knows(fixer, finding)]
    return named or [fixer for fixer in FIXERS if not set(fixer.cwes).isdisjoint(finding.cwes)]


def knows(fixer: Fixer, finding: Finding) -> bool:
    """Whether one of the fixer's patterns is this rule; `*` as a scanner means every scanner."""
    patterns = (*fixer.rules.get(finding.tool, ()), *fixer.rules.get("*", ()))
    return any(_matches(finding.rule, pattern) for pattern in patterns)


def proxies(candidate: Candidate) -> dict[str, tuple[str, ...]]:
    """The rules of other scanners that mean what the candidate's fixer ends."""
    if candidate.fixer is None or candidate.fixer not in FIXERS.names():
        return {}
    return {scanner: tuple(rules) for scanner, rules in FIXERS.get(candidate.fixer).rules.items()}


@functools.lru_cache(maxsize=4096)
def _matches(rule: str, pattern: str) -> bool:
    parts = {rule, rule.rpartition(".")[2], rule.rpartition("/")[2]}
    return any(fnmatch.fnmatchcase(part, pattern) for part in parts)


def _of(fixer: Fixer, target: Target) -> tuple[list[Candidate], NoFix | None]:
    made: list[Candidate] = []
    path = next((one.path for one in target.finding.locations if one.path), None)
    if path is not None and not fixer.in_tests and is_test(path):
        return made, Harmless(f"{path} is test code, which nobody uses but the test itself; exclude tests")
    if path is not None and path.endswith(_CODE) and is_test_data(path):
        return made, Harmless(f"{path} is what a test reads and compares: its text is what is tested; exclude it")
    if path is not None and _MIGRATION.search(path):
        return made, Harmless(f"{path} is a migration, which ran already where there is data: exclude those")
    if path is not None and path.endswith(_CODE) and is_copy(target.tree, path):
        return made, NoFix(
            f"{path} is a copy of another project's release: an edit is lost with the next one, so update it"
        )
    try:
        refuse_decided(target)
        made.extend(
            msgspec.structs.replace(candidate, fixer=candidate.fixer or fixer.name)
            for candidate in itertools.islice(fixer.propose(target), MAX_OF_ONE_FIXER)
        )
    except OtherLanguage:
        return made, None
    except NotHere as reason:
        return made, reason if knows(fixer, target.finding) else None
    except NoFix as reason:
        return made, reason
    except (Permanent, SourceUnavailable) as reason:
        # A file that is not there or does not parse, and a block that something else makes, say so themselves.
        return made, NoFix(str(reason))
    except Exception as error:  # noqa: BLE001  strangers' files meet every fixer: a bad one must not stop the batch
        emit("fixer.failed", level="error", fixer=fixer.name, rule=target.finding.rule, error=repr(error))
        return made, NoFix(f"the fixer {fixer.name} failed on this file ({type(error).__name__})")
    silent = made or not knows(fixer, target.finding)
    return made, None if silent else NoFix(f"the fixer {fixer.name} finds nothing here that it can change soundly")


def _from_scanner(target: Target, reasons: list[NoFix]) -> Iterator[Candidate]:
    for number, fix in enumerate(target.finding.fixes, start=1):
        try:
            edits = tuple(sorted({_edit(target, replacement) for replacement in fix.replacements}))
        except (NoFix, SourceUnavailable) as error:
            reasons.append(NoFix(str(error)))
            continue
        yield Candidate(
            approach=f"{target.finding.tool}-fix" + (f"-{number}" if len(target.finding.fixes) > 1 else ""),
            source=FixSource.SCANNER,
            edits=edits,
            explanation=f"{target.finding.tool} offers this edit itself: {fix.description}",
            declares=SCANNER_DECLARES,
        )


def _edit(target: Target, replacement: Replacement) -> Edit:
    content = target.tree.read(replacement.path)
    start, end = byte_span(content, replacement.region)
    return Edit(path=replacement.path, start=start, end=end, text=replacement.text)


def byte_span(content: bytes, region: Region) -> tuple[int, int]:
    """The region's byte offsets: columns count characters, from 1; without columns it is whole lines.

    Raises:
        NoFix: the region lies outside the file, or the file is not UTF-8.
    """
    lines = re.findall(rb"[^\n]*\n|[^\n]+$", content)
    last = region.end_line or region.start_line
    if not (1 <= region.start_line <= last <= len(lines)):
        message = f"the offered edit points to line {region.start_line} of {len(lines)}"
        raise NoFix(message)
    starts = list(itertools.accumulate((len(line) for line in lines), initial=0))
    start = starts[region.start_line - 1]
    end = starts[last]
    try:
        if region.start_column:
            start += len(lines[region.start_line - 1].decode()[: region.start_column - 1].encode())
        if region.end_column:
            end = starts[last - 1] + len(lines[last - 1].decode()[: region.end_column - 1].encode())
    except UnicodeDecodeError as error:
        message = "the file is not UTF-8, so the offered edit's columns cannot be placed"
        raise NoFix(message) from error
    return start, max(start, end)


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    found: dict[Sequence[Edit], Candidate] = {}
    for candidate in candidates:
        found.setdefault(candidate.edits, candidate)
    return list(found.values())
