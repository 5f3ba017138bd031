"""What one scan after another means for a finding."""

import datetime as dt
from collections.abc import Callable

import pytest

from daemon.domain.finding import Finding, FindingState
from workers.triage.lifecycle import Known, changes

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.fixture
def known(make_finding: Callable[..., Finding]) -> Callable[..., Known]:
    """A stored finding called `a`."""
    return lambda state=FindingState.OPEN, **fields: Known(
        id="a", finding=make_finding(**fields.pop("finding", {})), state=state, **fields
    )


@pytest.mark.parametrize(
    ("before", "seen", "after"),
    [
        (None, True, FindingState.OPEN),
        (FindingState.OPEN, False, FindingState.FIXED),
        (FindingState.REOPENED, False, FindingState.FIXED),
        (FindingState.FIXED, True, FindingState.REOPENED),
        (FindingState.OPEN, True, None),
        (FindingState.FIXED, False, None),
        (FindingState.SUPPRESSED, True, None),
        (FindingState.SUPPRESSED, False, None),
    ],
)
def test_a_finding_opens_is_fixed_and_reopens(
    before: FindingState | None,
    seen: bool,
    after: FindingState | None,
    known: Callable[..., Known],
    make_finding: Callable[..., Finding],
) -> None:
    stored = [known(before)] if before else []
    found = changes(stored, {"a": make_finding()} if seen else {}, now=NOW)
    assert [change.after for change in found] == ([after] if after else [])
    assert all(change.before is before and change.reason for change in found)


def test_a_scan_that_failed_somewhere_fixes_nothing(known: Callable[..., Known]) -> None:
    assert changes([known()], {}, now=NOW, complete=False) == []


def test_a_scan_fixes_only_what_it_looked_at(known: Callable[..., Known]) -> None:
    assert changes([known()], {}, now=NOW, covers=lambda finding: finding.path != "app.py") == []


def test_a_suppression_in_the_source_suppresses_and_its_removal_opens(
    known: Callable[..., Known], make_finding: Callable[..., Finding]
) -> None:
    quiet = make_finding(suppressed="inSource: nosec")
    (change,) = changes([known()], {"a": quiet}, now=NOW)
    assert (change.after, change.reason) == (FindingState.SUPPRESSED, "inSource: nosec")
    stored = known(FindingState.SUPPRESSED, finding={"suppressed": "inSource: nosec"})
    (change,) = changes([stored], {"a": make_finding()}, now=NOW)
    assert change.after is FindingState.OPEN


@pytest.mark.parametrize(("hours", "ended"), [(-1, True), (1, False)])
def test_a_persons_suppression_ends_at_its_time(
    hours: int, ended: bool, known: Callable[..., Known], make_finding: Callable[..., Finding]
) -> None:
    stored = known(FindingState.SUPPRESSED, suppressed_until=NOW + dt.timedelta(hours=hours))
    assert [change.after for change in changes([stored], {"a": make_finding()}, now=NOW)] == [FindingState.OPEN] * ended


def test_a_scanners_own_fingerprint_ties_changed_code_to_the_known_finding(
    known: Callable[..., Known], make_finding: Callable[..., Finding]
) -> None:
    marked = {"partial_fingerprints": {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}}
    stored = known(finding=marked)
    (change,) = changes([stored], {"b": make_finding(line=9, **marked)}, now=NOW)
    assert (change.id, change.scanned_id, change.after) == ("a", "b", FindingState.OPEN)


@pytest.mark.parametrize("other", [{"path": "other.py"}, {"rule": "B101"}])
def test_that_fingerprint_is_never_trusted_alone(
    other: dict[str, str], known: Callable[..., Known], make_finding: Callable[..., Finding]
) -> None:
    marked = {"partial_fingerprints": {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}}
    found = changes([known(finding=marked)], {"b": make_finding(**other, **marked)}, now=NOW)
    assert {(change.id, change.after) for change in found} == {("b", FindingState.OPEN), ("a", FindingState.FIXED)}


def test_a_fingerprint_that_several_share_ties_nothing(
    known: Callable[..., Known], make_finding: Callable[..., Finding]
) -> None:
    marked = {"partial_fingerprints": {"hash": "same-for-all"}}
    scanned = {name: make_finding(line=line, **marked) for name, line in (("b", 8), ("c", 9))}
    assert {change.id for change in changes([known(finding=marked)], scanned, now=NOW)} == {"a", "b", "c"}
