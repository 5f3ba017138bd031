"""Tasks → verdicts: the ladder L0–L3, with every scanner started once for all of them.

A clean re-scan proves nothing by itself. The original must fire under the same scanner (positive control), the run
must prove that it read the patched file (liveness), and every scanner that applies looks for what the fix broke.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from daemon.domain.finding import Finding, Package
from daemon.domain.fix import Grade, Level, Verdict
from daemon.domain.severity import Severity
from daemon.masking import mask, mask_all
from workers.verify import masked
from workers.verify.answers import FileScan, Unit
from workers.verify.attempt import Attempt, Patched, Task, attempt
from workers.verify.batch import Scanners
from workers.verify.compare import Comparison, LineMap, compare, locate
from workers.verify.counterparts import counterpart
from workers.verify.dependency import evidence
from workers.verify.layout import Layout, plain_units
from workers.verify.scanner import SCANNERS, Role
from workers.verify.score import score

__all__ = ["Task", "Verifier"]

_SHOWN = 10
Progress = Callable[[str, Collection[FileScan]], None]


class Verifier:
    """Verifies candidates. One of it serves many batches; what was scanned once is not scanned again."""

    def __init__(self, scanners: Scanners) -> None:
        self._scanners = scanners

    def verify(self, tasks: Sequence[Task], progress: Progress = lambda _name, _scans: None) -> list[Verdict]:
        """One verdict per task, in order. A task never spoils another."""
        attempts = [attempt(task) for task in tasks]
        laid = Layout(self._scanners)
        for tried in attempts:
            if tried.reason is None:
                laid.add(tried)
        answers = self._scanners.scan(laid.wanted, progress)
        return [_Judge(tried, laid, answers).verdict() for tried in attempts]


class _Refused(Exception):
    """The attempt goes no further; the verdict says why."""

    def __init__(self, level: Level, reason: str, grade: Grade = Grade.UNVERIFIED) -> None:
        super().__init__(reason)
        self.level, self.grade = level, grade


class _Looked(msgspec.Struct, frozen=True):
    """One scanner's two answers about one file."""

    file: Patched
    before: FileScan
    after: FileScan
    comparison: Comparison


class _Judge:
    """Turns one attempt and the scanners' answers into a verdict."""

    def __init__(self, tried: Attempt, laid: Layout, answers: dict[tuple[str, Unit], FileScan]) -> None:
        self._tried = tried
        self._task = tried.task
        self._answers = answers
        self._looked = [
            self._look(laid, answers, name, file)
            for file in (laid.files(tried) if tried.reason is None else ())
            for name in laid.names(file)
        ]
        self._evidence: dict[str, str | int | float | bool | list[str]] = {}
        self._lesser: list[str] = []
        self._remaining = 0

    def verdict(self) -> Verdict:
        """The ladder, as far as it carries."""
        try:
            return self._verdict(Level.PRESERVED, self._climb(), None)
        except _Refused as refused:
            return self._verdict(refused.level, refused.grade, str(refused))

    def _climb(self) -> Grade:
        if self._tried.reason is not None:
            raise _Refused(self._tried.level, self._tried.reason)
        finding = self._task.finding
        if finding.package is not None and finding.tool not in SCANNERS.names():
            return self._bump(finding.package, finding.severity)
        grade, own, control = self._control()
        self._evidence |= {
            "scanner": f"{own.before.scanner} {own.before.version}",
            "rule": control.rule,
            "findings_before": len(own.before.findings),
            "findings_after": len(own.after.findings),
        }
        if not own.after.read:
            why = "; ".join(own.after.errors[:2]) or "its output does not mention it"
            raise _Refused(Level.PARSES, f"L2 re-scanned: {own.after.scanner} did not read the patched file: {why}")
        if control not in own.comparison.ended:
            raise _Refused(Level.PARSES, f"L2 re-scanned: {own.after.scanner} still reports {control.rule}")
        self._disguised(control)
        self._regressions(control.severity)
        self._remaining = self._still_firing()
        return self._preserved(grade)

    def _disguised(self, control: Finding) -> None:
        """Raises `_Refused` where the finding is back as soon as constant expressions are worked out."""
        for file in self._tried.files:
            scans = [self._answers[key] for key in plain_units(self._tried, file) if key in self._answers]
            before, after = (
                ([one.rule for one in scan.findings].count(control.rule) for scan in scans) if scans else (1, 0)
            )
            if after >= before > 0:
                message = f"L2 re-scanned: {control.tool} reports {control.rule} again once constants are worked out"
                raise _Refused(Level.PARSES, message)

    def _bump(self, package: Package, severity: Severity) -> Grade:
        """A dependency's new version is evidence by itself; the scanners here only look for what else it broke."""
        patched = {file.path: file.after for file in self._tried.files}
        shown = evidence(package, self._task.tree, patched)
        self._evidence |= {"declared_before": list(shown.before), "declared_after": list(shown.after)}
        if shown.reason is not None:
            raise _Refused(Level.PARSES, f"L2 evidence: {shown.reason}")
        self._regressions(severity)
        return self._preserved(Grade.EVIDENCE)

    def _preserved(self, grade: Grade) -> Grade:
        if self._tried.violations:
            raise _Refused(Level.RESCANNED, f"L3 preserved: {'; '.join(self._tried.violations[:3])}", grade)
        return grade

    def _control(self) -> tuple[Grade, _Looked, Finding]:
        """The positive control: who reports the finding on the original, and as what.

        Raises:
            _Refused: nobody does, so that a clean re-scan would prove nothing.
        """
        finding = self._task.finding
        mine = [seen for seen in self._looked if seen.before.scanner == finding.tool]
        for seen in mine:
            if (control := locate(finding, seen.before.findings)) is not None and seen.before.read:
                return Grade.SAME_SCANNER, seen, control
        for seen in self._looked:
            if (control := self._stand_in(seen)) is not None:
                return Grade.PROXY, seen, control
        raise _Refused(Level.PARSES, f"unverifiable here: {self._why_not(mine)}")

    def _stand_in(self, seen: _Looked) -> Finding | None:
        """Another scanner's finding of the same weakness, where it overlaps this one."""
        patterns = self._task.proxies.get(seen.before.scanner, ())
        finding = self._task.finding
        if seen.before.scanner == finding.tool or seen.file.path != finding.path:
            return None
        for other in seen.before.findings:
            if any(fnmatch.fnmatchcase(other.rule, pattern) for pattern in patterns):
                alias = msgspec.structs.replace(finding, rule=other.rule)
                if locate(alias, [other]) is not None:
                    return other
        return None

    def _why_not(self, mine: Sequence[_Looked]) -> str:
        finding = self._task.finding
        if finding.tool not in SCANNERS.names():
            return f"secaid has no adapter for {finding.tool}, and no other scanner reports this place"
        if SCANNERS.get(finding.tool).needs_rules and not mine:
            return f"{finding.tool}'s rule {finding.rule} is not among the repository's own, and others need a network"
        if not mine:
            return f"{finding.tool} is not installed or does not look at the changed files"
        if not mine[0].before.read:
            return (
                f"{finding.tool} did not read the original: {'; '.join(mine[0].before.errors[:2]) or 'no proof of it'}"
            )
        version = f"{finding.tool} {mine[0].before.version}"
        return f"{version} does not report {finding.rule} at {finding.path}:{finding.line or '?'} of the original"

    def _regressions(self, severity: Severity) -> None:
        """Raises `_Refused` where any scanner reports something new that matters, or lost sight of the file."""
        checked = set()
        for seen in self._looked:
            checked.add(f"{seen.after.scanner} {seen.after.version}")
            if seen.before.read and not seen.after.read:
                raise _Refused(Level.PARSES, f"L2 re-scanned: {seen.after.scanner} can no longer read {seen.file.path}")
            for new in seen.comparison.new:
                self._new(new, seen, severity)
        self._evidence["checked_by"] = sorted(checked)

    def _new(self, new: Finding, seen: _Looked, severity: Severity) -> None:
        """A finding that the original did not have: a reason to refuse, or a recommendation.

        At medium and above it is always refused, below only where the fixed finding was no worse itself.
        """
        sentence = f"{new.tool} newly reports {new.rule} at {new.path}:{new.line or '?'}: {new.message[:120]}"
        if masked.was_masked(new, seen.comparison.ended, seen.file.before, seen.file.after):
            self._lesser.append(f"{sentence} ({masked.WHY})")
            return
        pair = counterpart(new, seen.comparison.ended)
        if pair is not None and pair.holds(seen.file.before, seen.file.after):
            self._lesser.append(f"{sentence} ({pair.why})")
            return
        lint = SCANNERS.get(new.tool).role is Role.LINT
        if pair is not None or lint or new.severity.rank >= min(severity.rank, Severity.MEDIUM.rank):
            raise _Refused(Level.PARSES, f"L2 re-scanned: {sentence}")
        self._lesser.append(sentence)

    def _still_firing(self) -> int:
        ended = [finding for seen in self._looked for finding in seen.comparison.ended]
        self._evidence["ended"] = sorted({f"{finding.tool}: {finding.rule}" for finding in ended})[:_SHOWN]
        stayed = [old for seen in self._looked for old, _ in seen.comparison.stayed]
        return sum(
            any(other.tool == finding.tool for other in stayed) and locate(finding, stayed) is not None
            for finding in self._task.group
        )

    def _look(self, laid: Layout, answers: dict[tuple[str, Unit], FileScan], name: str, file: Patched) -> _Looked:
        old, new = laid.units(name, self._tried, file)
        before, after = answers[name, old], answers[name, new]
        lines = LineMap(file.before, file.after, file.edits)
        return _Looked(file, before, after, compare(before.findings, after.findings, lines))

    def _verdict(self, level: Level, grade: Grade, reason: str | None) -> Verdict:
        tried = self._tried
        self._evidence |= {"changes": list(tried.changes[:_SHOWN]), "compared_by": list(tried.compared_by)}
        rated = score(
            self._task.candidate,
            {file.path: (file.before, file.after) for file in tried.files},
            level=level,
            grade=grade,
            remaining=self._remaining,
            lesser=self._lesser,
        )
        return Verdict(
            level=level,
            grade=grade,
            verified=level >= Level.PRESERVED and grade is not Grade.UNVERIFIED,
            score=rated.value,
            reason=mask(reason) if reason else None,
            recommendations=tuple(mask(sentence) for sentence in rated.recommendations),
            evidence=mask_all(self._evidence),
        )


def best_first(verdicts: Iterable[tuple[int, Verdict]]) -> list[int]:
    """Indexes of candidates, the best first: verified, then level, then score, then the order they came in."""
    ranked = sorted(verdicts, key=lambda item: (-item[1].verified, -item[1].level, -item[1].score, item[0]))
    return [index for index, _ in ranked]
