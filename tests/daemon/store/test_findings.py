"""Findings over scans: what a later scan of the same kind no longer has is closed, what comes back is reopened."""

import datetime as dt

import msgspec
import pytest

from daemon.domain.artifact import Artifact, ArtifactOrigin
from daemon.domain.finding import Finding, FindingState, Location, Region
from daemon.domain.scan import FileAccount, KeptFinding, ReportState, Scan
from daemon.domain.severity import Severity
from daemon.store import artifacts, findings, lifecycle
from daemon.store.artifacts import NewArtifact
from daemon.store.engine import Store
from daemon.store.findings import Filter
from daemon.store.lifecycle import scan_key


def finding(rule: str = "r", severity: Severity = Severity.HIGH, **values: object) -> Finding:
    place = Location(path="src/a.py", region=Region(start_line=3))
    whole = {"tool": "semgrep", "rule": rule, "message": "m", "severity": severity, "locations": (place,)} | values
    return msgspec.convert(whole, Finding)


def scan(*kept: KeptFinding, complete: bool = True) -> Scan:
    file = FileAccount(path="r.json", state=ReportState.PARSED, tool="semgrep", complete=complete)
    return Scan(files=(file,), findings=kept)


def kept(one: str, **values: object) -> KeptFinding:
    made = finding(**values)
    return KeptFinding(id=one, finding=made, urgency=made.severity.rank, urgency_reasons=(f"severity {made.severity}",))


def upload(
    store: Store,
    number: int,
    *,
    commit: str = "c1",
    name: str = "semgrep-results",
    repository: str = "o/r",
    branch: str = "main",
) -> Artifact:
    new = NewArtifact(
        name=f"{name}-{number}", origin=ArtifactOrigin.GITHUB, sha256=str(number), size=1, stored_at="x",
        repository=repository, commit=commit, external_id=str(number), branch=branch,
    )  # fmt: skip
    with store.begin() as conn:
        return artifacts.get(conn, artifacts.add(conn, new)[0])


def save(store: Store, artifact: Artifact, found: Scan) -> list[str]:
    with store.begin() as conn:
        wanted = lifecycle.save_scan(conn, artifact, found)
        artifacts.save_accounts(conn, artifact.id, found.files)
        return wanted


def state(store: Store, one: str) -> FindingState:
    with store.read() as conn:
        return findings.load(conn, [one])[0].state


def test_a_finding_comes_back_from_the_store_as_it_went_in(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1", rule="x", cwes=[79], message="ü")))
    with results_store.read() as conn:
        stored = findings.load(conn, ["f1", "unknown"])
    assert [one.finding for one in stored] == [finding(rule="x", cwes=[79], message="ü")]
    assert (stored[0].state, stored[0].outcome) == (FindingState.OPEN, "pending")


def test_a_later_scan_without_it_closes_a_finding_and_a_third_with_it_reopens_it(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1"), kept("f2")))
    save(results_store, upload(results_store, 101), scan(kept("f2")))
    assert (state(results_store, "f1"), state(results_store, "f2")) == (FindingState.FIXED, FindingState.OPEN)
    save(results_store, upload(results_store, 102), scan(kept("f1"), kept("f2")))
    assert state(results_store, "f1") is FindingState.REOPENED


def test_another_scan_of_the_same_tool_closes_nothing(results_store: Store) -> None:
    save(results_store, upload(results_store, 100, name="image-one"), scan(kept("f1")))
    save(results_store, upload(results_store, 101, name="image-two"), scan(kept("f2")))
    save(results_store, upload(results_store, 102, name="image-one", repository="o/other"), scan())
    assert state(results_store, "f1") is FindingState.OPEN


def test_an_older_scan_that_arrives_late_closes_nothing(results_store: Store) -> None:
    older, newer = upload(results_store, 100), upload(results_store, 101)
    save(results_store, newer, scan(kept("f1")))
    save(results_store, older, scan())
    assert state(results_store, "f1") is FindingState.OPEN


def test_an_older_scan_that_arrives_late_opens_nothing(results_store: Store) -> None:
    save(results_store, upload(results_store, 99), scan(kept("f1")))
    older, newer = upload(results_store, 100), upload(results_store, 101)
    save(results_store, newer, scan())
    assert save(results_store, older, scan(kept("f1"), kept("f2"))) == []
    assert (state(results_store, "f1"), state(results_store, "f2")) == (FindingState.FIXED, FindingState.FIXED)
    save(results_store, upload(results_store, 102), scan(kept("f2")))
    assert (state(results_store, "f1"), state(results_store, "f2")) == (FindingState.FIXED, FindingState.REOPENED)


def test_a_scan_closes_nothing_in_a_file_that_it_did_not_read(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1"), kept("f2", locations=[Location(path="b.py")])))
    partial = Scan(files=scan().files, findings=(), unread={"semgrep": frozenset({"src/a.py", "c.py"})})
    save(results_store, upload(results_store, 101), partial)
    assert (state(results_store, "f1"), state(results_store, "f2")) == (FindingState.OPEN, FindingState.FIXED)
    other = Scan(files=scan().files, findings=(), unread={"bandit": frozenset({"src/a.py"})})
    save(results_store, upload(results_store, 102), other)
    assert state(results_store, "f1") is FindingState.FIXED


def test_a_scanner_that_found_nothing_in_a_shared_file_closes_what_it_found_before(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1"), kept("f2", tool="trivy")))
    ran = frozenset({"semgrep", "trivy"})
    save(results_store, upload(results_store, 101), Scan(files=scan().files, findings=(kept("f1"),), tools=ran))
    assert (state(results_store, "f1"), state(results_store, "f2")) == (FindingState.OPEN, FindingState.FIXED)


def test_an_empty_list_is_a_clean_scan_of_whoever_wrote_that_file_before(results_store: Store) -> None:
    leaks = FileAccount(path="leaks.json", state=ReportState.PARSED, tool="gitleaks")
    other = FileAccount(path="other.json", state=ReportState.PARSED, tool="zizmor")
    found = (kept("f1", tool="gitleaks"), kept("f2", tool="zizmor"))
    save(results_store, upload(results_store, 100), Scan(files=(leaks, other), findings=found))
    nothing = FileAccount(path="leaks.json", state=ReportState.PARSED, tool="unknown")
    save(results_store, upload(results_store, 101, name="elsewhere"), Scan(files=(nothing,), findings=()))
    assert state(results_store, "f1") is FindingState.OPEN
    save(results_store, upload(results_store, 102), Scan(files=(nothing,), findings=()))
    assert (state(results_store, "f1"), state(results_store, "f2")) == (FindingState.FIXED, FindingState.OPEN)


def test_a_suppressed_finding_that_is_gone_is_fixed_and_hidden_again_should_it_come_back(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1"), kept("f2", suppressed="nosec")))
    with results_store.begin() as conn:
        findings.suppress(conn, "f1", "test code", None)
    save(results_store, upload(results_store, 101), scan())
    assert (state(results_store, "f1"), state(results_store, "f2")) == (FindingState.FIXED, FindingState.FIXED)
    save(results_store, upload(results_store, 102), scan(kept("f1"), kept("f2")))
    with results_store.read() as conn:
        first, second = findings.load(conn, ["f1", "f2"])
    assert (first.state, first.state_reason) == (FindingState.SUPPRESSED, "test code")
    assert second.state is FindingState.REOPENED


def test_saving_the_same_scan_again_changes_nothing(results_store: Store) -> None:
    artifact, found = upload(results_store, 100), scan(kept("f1"), kept("f2"))
    assert save(results_store, artifact, found) == ["f1", "f2"]
    assert save(results_store, artifact, found) == ["f1", "f2"], "still without an outcome, so still to be fixed"
    with results_store.read() as conn:
        assert findings.count(conn, Filter()) == 2


def test_only_what_is_new_or_was_seen_at_another_commit_wants_fixing(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1")))
    with results_store.begin() as conn:
        findings.set_outcome(conn, "f1", fixed=False, reason="no fixer")
    assert save(results_store, upload(results_store, 101), scan(kept("f1"), kept("f2"))) == ["f2"]
    assert save(results_store, upload(results_store, 102, commit="c2"), scan(kept("f1"), kept("f2"))) == ["f1", "f2"]


def test_a_suppression_outlives_scans_until_its_end(results_store: Store) -> None:
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    save(results_store, upload(results_store, 100), scan(kept("f1")))
    with results_store.begin() as conn:
        assert findings.suppress(conn, "f1", "test code", tomorrow)
    assert save(results_store, upload(results_store, 101), scan(kept("f1"))) == []
    assert state(results_store, "f1") is FindingState.SUPPRESSED
    with results_store.begin() as conn:
        assert findings.end_suppressions(conn, tomorrow.timestamp() - 1) == 0
        assert findings.end_suppressions(conn, tomorrow.timestamp() + 1) == 1
    assert state(results_store, "f1") is FindingState.OPEN


def test_the_scanners_own_suppression_is_kept_with_its_reason(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1", suppressed="nosec: fixture")))
    with results_store.read() as conn:
        stored = findings.load(conn, ["f1"])[0]
    assert (stored.state, stored.state_reason) == (FindingState.SUPPRESSED, "nosec: fixture")
    save(results_store, upload(results_store, 101), scan(kept("f1")))
    assert state(results_store, "f1") is FindingState.OPEN, "the comment was removed"


def test_a_scan_ends_a_suppression_that_has_run_out(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1")))
    with results_store.begin() as conn:
        findings.suppress(conn, "f1", "until the release", dt.datetime.now(dt.UTC) - dt.timedelta(days=1))
    assert save(results_store, upload(results_store, 101), scan(kept("f1"))) == ["f1"]
    assert state(results_store, "f1") is FindingState.OPEN


def test_a_persons_reason_outweighs_the_scanners_and_is_lifted_by_hand(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1")))
    with results_store.begin() as conn:
        findings.suppress(conn, "f1", "accepted by Ada", None)
    save(results_store, upload(results_store, 101), scan(kept("f1", suppressed="nosec")))
    with results_store.begin() as conn:
        assert findings.load(conn, ["f1"])[0].state_reason == "accepted by Ada"
        assert findings.lift(conn, "f1")
        assert not findings.lift(conn, "f1"), "it is open"
    assert state(results_store, "f1") is FindingState.OPEN


def test_a_scan_that_failed_closes_nothing(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1")))
    save(results_store, upload(results_store, 101), scan(complete=False))
    broken = FileAccount(path="other.json", state=ReportState.BROKEN, reason="cut short")
    save(results_store, upload(results_store, 102), Scan(files=(*scan().files, broken), findings=()))
    assert state(results_store, "f1") is FindingState.OPEN


def test_only_scans_of_a_main_branch_decide_on_what_it_has(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1")))
    save(results_store, upload(results_store, 101, branch="feature"), scan(kept("f2")))
    assert state(results_store, "f1") is FindingState.OPEN, "that it is gone on a branch means little"
    save(results_store, upload(results_store, 102), scan())
    save(results_store, upload(results_store, 103, branch="old"), scan(kept("f1")))
    assert state(results_store, "f1") is FindingState.FIXED, "an old branch still has it"
    save(results_store, upload(results_store, 104, branch="feature"), scan())
    assert state(results_store, "f2") is FindingState.FIXED, "it never came to a main branch"


def test_a_finding_that_is_merged_belongs_to_the_main_branch(results_store: Store) -> None:
    save(results_store, upload(results_store, 100, branch="feature"), scan(kept("f1")))
    save(results_store, upload(results_store, 101), scan(kept("f1")))
    save(results_store, upload(results_store, 102, branch="feature"), scan())
    assert state(results_store, "f1") is FindingState.OPEN
    save(results_store, upload(results_store, 103), scan())
    assert state(results_store, "f1") is FindingState.FIXED


def test_new_is_what_the_latest_scan_was_the_first_to_see(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("f1")))
    save(results_store, upload(results_store, 101), scan(kept("f1"), kept("f2")))
    with results_store.read() as conn:
        assert [one.id for one in findings.listing(conn, Filter(new=True))] == ["f2"]
        assert [one.new for one in findings.load(conn, ["f1", "f2"])] == [False, True]


def test_lists_are_worst_first_and_narrowed_by_every_filter(results_store: Store) -> None:
    found = scan(kept("a", severity="low"), kept("b", severity="critical"), kept("c", rule="other", severity="high"))
    save(results_store, upload(results_store, 100), found)
    with results_store.read() as conn:
        assert [one.id for one in findings.listing(conn, Filter())] == ["b", "c", "a"]
        assert [one.id for one in findings.listing(conn, Filter(min_severity=Severity.HIGH, limit=1, offset=1))] == [
            "c"
        ]
        assert [one.id for one in findings.listing(conn, Filter(rule="other"))] == ["c"]
        assert findings.count(conn, Filter(repository="nobody/nothing")) == 0


def test_an_id_is_found_by_its_beginning_and_wildcards_mean_themselves(results_store: Store) -> None:
    save(results_store, upload(results_store, 100), scan(kept("abc"), kept("abd")))
    with results_store.read() as conn:
        assert findings.matching_ids(conn, "abc") == ["abc"]
        assert len(findings.matching_ids(conn, "ab")) == 2
        assert findings.matching_ids(conn, "%") == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("checkov-results-workflow_dispatch-392", "checkov-results-workflow_dispatch-393", True),
     ("image-a-20260101", "image-a-20260102", True), ("zap-full-scan", "zap-baseline-scan", False)],
)  # fmt: skip
def test_run_numbers_do_not_tell_scans_apart(one: str, other: str, same: bool) -> None:
    assert (scan_key("t", one) == scan_key("t", other)) is same
