"""The verifier on fixes known to be wrong and known to be right: one batch, each scanner started once for all of them.

The right ones are the corpus's and what the fixers' own tests expect, which people read. The wrong ones are wrong in
ways that leave a clean re-scan: suppressed, emptied, half done, hidden, pushing without credentials.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from daemon.domain.fix import Verdict
from workers.fixers.propose import propose, proxies
from workers.fixers.registry import Target
from workers.verify.attempt import Task
from workers.verify.scanner import SCANNERS
from workers.verify.verifier import Verifier

pytestmark = [pytest.mark.xdist_group("verifier-corpus"), pytest.mark.slow, pytest.mark.timeout(900)]
FIXERS = Path(__file__).parent.parent / "fixers"
FALSE_ACCEPTS = 0.01
FALSE_REJECTS = 0.05
Judged = list[tuple[str, Verdict]]


@pytest.fixture(scope="module")
def judged(scanners) -> tuple[Judged, Judged]:
    """The verdicts on what is wrong, and on what is right."""
    outcomes = _module(Path(__file__).parent / "conftest.py").read_corpus()
    wrong = [(outcome.name, outcome.task) for outcome in outcomes if not outcome.right]
    right = [(outcome.name, outcome.task) for outcome in outcomes if outcome.right]
    right += [case for case in _fixers_cases() if case[1].finding.tool in scanners.tools]
    own = len(wrong) + len(right)
    every = [*wrong, *right, *(case for case in _fixers_cases() if case[1].finding.tool in scanners.tools)]
    verdicts = Verifier(scanners).verify([task for _, task in every])
    named = [(name, verdict) for (name, _), verdict in zip(every, verdicts, strict=True)]
    # A fragment of a file in a fixer's case, on which its scanner does not fire, says nothing about the verifier.
    fired = [pair for pair in named[own:] if "unverifiable" not in (pair[1].reason or "")]
    return named[: len(wrong)], named[len(wrong) : own] + fired


def test_at_least_two_hundred_wrong_fixes_and_at_most_one_in_a_hundred_is_accepted(judged):
    wrong, _ = judged
    accepted = [name for name, verdict in wrong if verdict.verified]
    assert len(wrong) >= 200
    assert len(accepted) <= FALSE_ACCEPTS * len(wrong), accepted


def test_at_least_two_hundred_right_fixes_and_at_most_five_in_a_hundred_are_refused(judged):
    _, right = judged
    refused = [f"{name}: {verdict.reason}" for name, verdict in right if not verdict.verified]
    assert len(right) >= 200
    assert len(refused) <= FALSE_REJECTS * len(right), "\n".join(refused)


def test_no_wrong_fix_is_refused_only_because_it_could_not_be_checked(judged):
    """An unverifiable case would prove nothing about the verifier."""
    wrong, _ = judged
    assert [name for name, verdict in wrong if "unverifiable" in (verdict.reason or "")] == []


def test_every_refusal_says_which_check_refused(judged):
    for name, verdict in (pair for pairs in judged for pair in pairs):
        assert verdict.verified or verdict.reason, name


def _fixers_cases() -> Iterator[tuple[str, Task]]:
    """What the fixers' tests expect, proposed by the fixers: their texts are the right answers."""
    reader = _module(FIXERS / "conftest.py")
    known = set(SCANNERS.names())
    for folder in sorted(path for path in FIXERS.iterdir() if (path / "cases").is_dir()):
        for case in reader.read_cases(folder):
            if case.nothing is None and case.tool in known and case.tool != "semgrep":
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
