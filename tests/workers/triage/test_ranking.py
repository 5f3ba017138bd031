"""What comes first, and which rules are too loud."""

from collections.abc import Callable

import pytest

from daemon.domain.finding import Finding, Package
from daemon.domain.severity import Severity
from workers.triage.overview import Seen, by_rule, noisy
from workers.triage.ranking import rank, ranked

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
    assert ranked([second, first]) == [first, second]


def test_a_rank_says_what_moved_it(make_finding: Callable[..., Finding]) -> None:
    found = rank(make_finding(epss=0.5, path="tests/a.py"), fixable=True)
    assert found.reasons == (
        "severity high",
        "likely to be exploited (EPSS 50%)",
        "it is in tests or examples",
        "a fix is at hand",
    )


def test_a_rule_that_makes_most_of_the_noise_is_named(make_finding: Callable[..., Finding]) -> None:
    seen = [Seen(finding=make_finding("loud", line=line), fixable=line < 5) for line in range(1, 89)]
    seen += [Seen(finding=make_finding(f"quiet-{line}", line=line)) for line in range(1, 20)]
    (share,) = noisy(seen)
    assert str(share) == "88 of 107 bandit findings come from one rule, loud: 0 applied fixes"
    assert (share.fixable, share.worst) == (4, Severity.HIGH)
    assert len(by_rule(seen)) == 20


def test_a_rule_whose_fixes_are_taken_is_not_noise(make_finding: Callable[..., Finding]) -> None:
    seen = [Seen(finding=make_finding("loud", line=line), applied=line == 1) for line in range(1, 89)]
    assert noisy(seen) == []
