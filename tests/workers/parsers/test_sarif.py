"""SARIF 2.1.0: each part of it that a finding is made of."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from daemon.domain.finding import Finding, Location, Region, Replacement
from daemon.domain.report import Report
from daemon.domain.severity import Severity
from workers.parsers import read
from workers.triage.merge import distinct


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


def of(*results: dict[str, Any], driver: dict[str, Any] | None = None, **run: Any) -> Report:
    whole = [{"message": {"text": "m"}, "ruleId": "R1"} | one for one in results]
    runs = [{"tool": {"driver": {"name": "T"} | (driver or {})}, "results": whole} | run]
    found = read(json.dumps({"version": "2.1.0", "runs": runs}).encode(), "f")
    assert isinstance(found, Report)
    return found


def first(report: Report) -> Finding:
    finding = report.rows[0].finding
    assert finding is not None
    return finding


def at(uri: str, base: str | None = None, **region: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": base}, "region": region}}


def test_results_told_apart_by_their_offsets_alone_stay_apart() -> None:
    places = [at("a.bin", charOffset=7, charLength=2), at("a.bin", charOffset=90), at("a.bin", byteOffset=7)]
    report = of(*({"locations": [place]} for place in places))
    assert [row.finding and (row.finding.line, row.finding.location.offset) for row in report.rows] == [
        (None, 7), (None, 90), (None, 7),
    ]  # fmt: skip
    assert [kept.finding.location.offset for kept in distinct([report]).findings] == [7, 90]


def test_a_result_without_a_place_is_about_the_file_that_was_analysed() -> None:
    assert first(of({"analysisTarget": {"uri": "src/a.c"}})).location == Location(path="src/a.c")
    placed = of({"analysisTarget": {"uri": "src/a.c"}, "locations": [at("src/a.h", startLine=2)]})
    assert first(placed).path == "src/a.h"


@pytest.mark.parametrize("uri", ["file:///work/u/shop/", None])
def test_the_base_that_is_mapped_to_the_repository_is_its_root(uri: str | None) -> None:
    bases = {"HOME": {"uri": "file:///work/u/"}, "REPO": {"uri": uri}, "SRC": {"uri": "src/", "uriBaseId": "REPO"}}
    provenance = [{"repositoryUri": "https://example.org/shop", "mappedTo": {"uriBaseId": "REPO"}}]
    for place, path in ((at("a.py", "REPO", startLine=1), "a.py"), (at("a.py", "SRC", startLine=1), "src/a.py")):
        report = of({"locations": [place]}, originalUriBaseIds=bases, versionControlProvenance=provenance)
        assert first(report).path == path


def test_a_place_says_its_words_by_their_id_too() -> None:
    rules = [{"id": "R1", "messageStrings": {"here": {"text": "{0} begins here"}}}]
    place = at("a.py", startLine=1) | {"message": {"id": "here", "arguments": ["it"]}}
    assert first(of({"relatedLocations": [place]}, driver={"rules": rules})).related[0].message == "it begins here"


def test_a_rule_is_found_by_its_guid_and_a_case_of_a_case_by_its_nearest_rule() -> None:
    rules = [{"id": "CA1", "name": "one"}, {"id": "CA1/md5", "name": "two", "guid": "g"}]
    report = of({"ruleId": "CA1/md5/x/y"}, {"ruleId": None, "rule": {"guid": "g"}}, driver={"rules": rules})
    assert [row.finding and (row.finding.rule, row.finding.title) for row in report.rows] == [
        ("CA1/md5/x/y", "two"), ("CA1/md5", "two"),
    ]  # fmt: skip


def test_a_level_is_overridden_by_the_rules_index_too() -> None:
    calls = [{"ruleConfigurationOverrides": [{"descriptor": {"index": 0}, "configuration": {"level": "error"}}]}]
    assert first(of({}, driver={"rules": [{"id": "R1"}]}, invocations=calls)).tool_severity == "error"


def test_taxa_of_owasp_are_kept_beside_those_of_cwe() -> None:
    taxonomies = [{"name": "OWASP Top 10 2021", "taxa": [{"id": "A03:2021"}]}, {"name": "CWE", "taxa": [{"id": "79"}]}]
    taxa = [{"index": 0, "toolComponent": {"index": number}} for number in (0, 1)]
    finding = first(of({"taxa": taxa}, taxonomies=taxonomies))
    assert (finding.owasp, finding.cwes) == (("A03:2021",), (79,))


@pytest.mark.parametrize(
    ("statuses", "suppressed"),
    [([], False), ([None], True), (["accepted"], True), (["accepted", "rejected"], False), (["underReview"], False)],
)
def test_a_result_is_suppressed_where_nobody_rejects_or_still_looks(
    statuses: list[str | None], suppressed: bool
) -> None:
    listed = [{"kind": "external", "status": status} for status in statuses]
    assert (first(of({"suppressions": listed})).suppressed is not None) is suppressed


def test_a_notification_warns_unless_it_says_otherwise_and_an_error_names_the_files_it_is_about() -> None:
    said = [
        {"message": {"text": "no level"}},
        {"level": "note", "message": {"text": "a note"}},
        {"level": "error", "message": {"text": "cannot parse"}, "locations": [at("src/bad.py")]},
    ]
    report = of(invocations=[{"executionSuccessful": True, "toolExecutionNotifications": said}])
    assert report.notes == ("warning: no level", "error: cannot parse")
    assert (report.unread, report.complete) == (("src/bad.py",), True)


def test_every_tool_that_ran_is_named_also_where_it_found_nothing() -> None:
    runs = [{"tool": {"driver": {"name": name}}, "results": []} for name in ("Trivy", "Checkov")]
    report = read(json.dumps({"version": "2.1.0", "runs": runs}).encode(), "f")
    assert isinstance(report, Report)
    assert (report.tool, report.tools) == ("trivy", ("trivy", "checkov"))


def test_sarif_in_snake_case_is_read_as_what_it_means() -> None:
    place = {"physical_location": {"artifact_location": {"uri": "src/a.py"}, "region": {"start_line": 3}}}
    result = {"rule_id": "R1", "message": {"text": "m"}, "locations": [place], "partial_fingerprints": {"a_b": "1"}}
    runs = [{"tool": {"driver": {"name": "T", "semantic_version": "1.2"}}, "results": [result]}]
    report = read(json.dumps({"version": "2.1.0", "runs": runs}).encode(), "f")
    assert isinstance(report, Report)
    finding = first(report)
    assert (finding.rule, finding.path, finding.line, finding.tool_version) == ("R1", "src/a.py", 3, "1.2")
    assert finding.partial_fingerprints == {"a_b": "1"}
