"""What comes first, and why."""

from collections.abc import Callable

import pytest

from daemon.domain.finding import Finding, Package
from daemon.domain.severity import Severity
from workers.triage.ranking import rank

FIXED = Package(ecosystem="npm", name="left", version="1", fixed_versions=("2",))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"severity": Severity.CRITICAL}, {"severity": Severity.HIGH}),
        ({"severity": Severity.UNKNOWN}, {"severity": Severity.LOW}),
        ({"epss": 0.9}, {"epss": 0.01}),
        ({"reachable": True}, {}),
        ({}, {"reachable": False}),
        ({"category": "injection"}, {"category": "code-quality"}),
        ({"package": FIXED}, {}),
        ({"confidence": "HIGH"}, {"confidence": "LOW"}),
        ({"path": "src/a.py"}, {"path": "tests/a.py"}),
        ({}, {"suppressed": "known"}),
        ({"category": "secret", "tool_severity": "verified"}, {"category": "secret"}),
    ],
)
def test_what_is_worse_comes_first(
    better: dict[str, object], worse: dict[str, object], make_finding: Callable[..., Finding]
) -> None:
    first, second = make_finding(**better), make_finding(**worse)
    assert rank(first).score > rank(second).score


def test_a_rank_says_what_moved_it(make_finding: Callable[..., Finding]) -> None:
    found = rank(make_finding(epss=0.5, path="tests/a.py", package=FIXED))
    assert found.reasons == (
        "severity high",
        "likely to be exploited (EPSS 50%)",
        "it is in tests or examples",
        "a fix is at hand",
    )
