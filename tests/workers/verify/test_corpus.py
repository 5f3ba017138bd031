"""The verifier on fixes known to be wrong and known to be right: one batch, each scanner started once for all of them.

The right ones are the corpus's and what the fixers' own tests expect, which people read. The wrong ones are wrong in
ways that leave a clean re-scan: suppressed, emptied, half done, hidden, pushing without credentials.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from daemon.domain.fix import Verdict
from workers.fixers.propose import propose, proxies
from workers.fixers.registry import Target
from workers.verify.attempt import Task
from workers.verify.verifier import Verifier

pytestmark = [pytest.mark.xdist_group("verifier-corpus"), pytest.mark.slow, pytest.mark.timeout(900)]
FIXERS = Path(__file__).parent.parent / "fixers"
FALSE_ACCEPTS = 0.01
FALSE_REJECTS = 0.05
SLOW = ("njsscan", "mobsfscan")
"""Each start takes seconds of one processor: the re-scan of the fixers' cases is left to this batch."""
ONE_IN = {"checkov": 3}
"""Of the fixers' cases; what is most expensive for each file is a sample."""
Judged = list[tuple[str, Task, Verdict]]


@pytest.fixture(scope="module")
def judged(scanners) -> tuple[Judged, Judged, Judged]:
    """The verdicts on what is wrong, on what is right, and on what the fixers propose for their own cases."""
    outcomes = _module(Path(__file__).parent / "conftest.py").read_corpus()
    wrong, right = ([(one.name, one.task) for one in outcomes if one.right is sort] for sort in (False, True))
    cases = list(_fixers_cases(scanners.tools))
    verdicts = Verifier(scanners).verify([task for _, task in [*wrong, *right, *cases]])
    said = [(*case, verdict) for case, verdict in zip([*wrong, *right, *cases], verdicts, strict=True)]
    return said[: len(wrong)], said[len(wrong) : -len(cases)], said[-len(cases) :]


def test_at_least_two_hundred_wrong_fixes_and_at_most_one_in_a_hundred_is_accepted(judged):
    wrong, _, _ = judged
    accepted = [name for name, _, verdict in wrong if verdict.verified]
    assert len(wrong) >= 200
    assert len(accepted) <= FALSE_ACCEPTS * len(wrong), accepted


def test_at_least_two_hundred_right_fixes_and_at_most_five_in_a_hundred_are_refused(judged):
    _, right, cases = judged
    # A fragment of a file in a fixer's case, on which its scanner does not fire, says nothing about the verifier.
    right = [*right, *(one for one in cases if "unverifiable" not in (one[-1].reason or ""))]
    refused = [f"{name}: {verdict.reason}" for name, _, verdict in right if not verdict.verified]
    assert len(right) >= 200
    assert len(refused) <= FALSE_REJECTS * len(right), "\n".join(refused)


@pytest.mark.parametrize("scanner", SLOW)
def test_every_approach_ends_the_finding_that_a_slow_scanner_reports(judged, scanner):
    """The original fires (positive control) and the patched file no longer does."""
    _, _, cases = judged
    own = [(name, verdict) for name, task, verdict in cases if task.finding.tool == scanner]
    assert own
    said = [f"{name}: {verdict.reason}" for name, verdict in own]
    assert [one for one in said if "unverifiable" in one or "still reports" in one] == []


def test_no_wrong_fix_is_refused_only_because_it_could_not_be_checked(judged):
    """An unverifiable case would prove nothing about the verifier."""
    wrong, _, _ = judged
    assert [name for name, _, verdict in wrong if "unverifiable" in (verdict.reason or "")] == []


def test_every_refusal_says_which_check_refused(judged):
    for name, _, verdict in itertools.chain(*judged):
        assert verdict.verified or verdict.reason, name


def _fixers_cases(tools: Container[str]) -> Iterator[tuple[str, Task]]:
    """What the fixers' tests expect, proposed by the fixers: their texts are the right answers."""
    reader = _module(FIXERS / "conftest.py")
    seen: Counter[str] = Counter()
    for folder in sorted(path for path in FIXERS.iterdir() if (path / "cases").is_dir()):
        for case in reader.read_cases(folder):
            if case.nothing is not None or case.tool not in tools or case.tool == "semgrep":
                continue
            seen[case.tool] += 1
            if seen[case.tool] % ONE_IN.get(case.tool, 1):
                continue
            for candidate in propose(Target(finding=case.finding, tree=case.target.tree)).candidates:
                task = Task(
                    finding=case.finding, candidate=candidate, tree=case.target.tree, proxies=proxies(candidate)
                )
                yield f"{case.name}: {candidate.approach}", task


def _module(path: Path) -> ModuleType:
    """A test folder's conftest, which is no importable module."""
    name = f"corpus_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
