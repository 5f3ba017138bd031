"""SARIF 2.1.0: each part of it that a finding is made of."""

from collections.abc import Callable

from daemon.domain.finding import Finding, Location, Region, Replacement
from daemon.domain.report import Report
from daemon.domain.severity import Severity


def test_the_tool_its_version_and_its_troubles_are_kept(report_of: Callable[[str], Report]) -> None:
    report = report_of("sarif")
    assert (report.tool, report.tool_version) == ("example-scanner", "2.0.1")
    assert report.scanned == ("lib/b.py",)
    assert report.notes == ("the scanner says that its run failed (exit code 3)", "error: could not read c.py")


def test_passed_and_vanished_results_are_ignored_with_their_reason(report_of: Callable[[str], Report]) -> None:
    reasons = [row.ignored for row in report_of("sarif").rows if row.ignored]
    assert [reason.partition(" (")[2] for reason in reasons] == ["kind: pass)", "baselineState: absent)"]


def test_a_message_by_id_takes_its_arguments_and_loses_its_links(findings_of: Callable[[str], list[Finding]]) -> None:
    assert [finding.message for finding in findings_of("sarif")][:3] == [
        "'x' reaches the call",
        "Shared words",
        "from the pack",
    ]


def test_the_rule_gives_title_help_weaknesses_and_score(findings_of: Callable[[str], list[Finding]]) -> None:
    finding = findings_of("sarif")[0]
    assert finding.title == "Input reaches a command"
    assert finding.help_text == "A longer description of it."
    assert finding.help_uri == "https://example.org/ex1"
    assert finding.cwes == (601, 88, 78)
    assert finding.owasp == ("A03:2021",)
    assert (finding.severity, finding.tool_severity, finding.confidence) == (Severity.HIGH, "error", "high")


def test_uri_bases_artifact_indices_and_logical_locations_are_resolved(
    findings_of: Callable[[str], list[Finding]],
) -> None:
    first, second, third, *_ = findings_of("sarif")
    region = Region(start_line=4, start_column=5, end_column=20)
    assert first.location == Location(path="src/a.py", region=region, logical="pkg.mod.f", snippet="    call(x)")
    assert (second.path, second.line) == ("lib/b.py", 9)
    assert third.path == "src/c d.py"


def test_flows_related_places_and_fixes_are_kept(findings_of: Callable[[str], list[Finding]]) -> None:
    finding = findings_of("sarif")[0]
    assert [place.region and place.region.start_line for place in finding.flow] == [1, 4]
    assert [place.region and place.region.start_line for place in finding.related] == [2]
    edit = Region(start_line=4, start_column=10, end_column=11)
    assert finding.fixes[0].description == "Quote it"
    assert finding.fixes[0].replacements == (Replacement(path="src/a.py", region=edit, text="quote(x)"),)
    assert finding.partial_fingerprints == {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}
    assert finding.baseline == "new"


def test_levels_come_from_the_result_the_override_or_the_rule(findings_of: Callable[[str], list[Finding]]) -> None:
    words = [finding.tool_severity for finding in findings_of("sarif")]
    assert words == ["error", "warning", "warning", "warning", "recommendation"]


def test_only_accepted_suppressions_count(findings_of: Callable[[str], list[Finding]]) -> None:
    assert [finding.suppressed for finding in findings_of("sarif")][:3] == [None, "inSource: known", None]


def test_a_rule_of_an_extension_and_a_sub_rule_are_found(findings_of: Callable[[str], list[Finding]]) -> None:
    assert [finding.rule for finding in findings_of("sarif")] == ["EX1", "EX2", "EX3", "EX2/sub", "py/x"]


def test_a_web_request_is_a_place_and_informational_is_no_danger(findings_of: Callable[[str], list[Finding]]) -> None:
    finding = findings_of("sarif")[3]
    assert finding.location.url == "https://shop.example/login"
    assert finding.severity is Severity.INFO


def test_a_path_out_of_the_repository_is_no_path(findings_of: Callable[[str], list[Finding]]) -> None:
    finding = findings_of("sarif")[4]
    assert finding.path is None
    assert finding.location.logical == "../../etc/passwd"
    assert (finding.tool, finding.severity) == ("codeql", Severity.LOW)
