"""Parts of SARIF runs that stand apart from them."""

import json
from typing import Any

from daemon.domain.report import Report
from workers.parsers import read

GUID = "11111111-1111-1111-8888-111111111111"
OTHER = "22222222-1111-1111-8888-111111111111"


def result(message: str, **values: Any) -> dict[str, Any]:
    return {"ruleId": "R1", "message": {"text": message}} | values


def report(*parts: dict[str, Any], **run: Any) -> Report:
    runs = [
        {"tool": {"driver": {"name": "A"}}, "results": [result("first")]},
        {"tool": {"driver": {"name": "B"}}} | run,
    ]
    found = read(json.dumps({"version": "2.1.0", "runs": runs, "inlineExternalProperties": parts}).encode(), "f")
    assert isinstance(found, Report)
    return found


def said(found: Report) -> list[tuple[str, str]]:
    return [(row.finding.tool, row.finding.message) for row in found.rows if row.finding]


def test_results_that_stand_apart_are_counted_in_the_run_that_names_them() -> None:
    part = {"guid": GUID, "results": [result("apart")]}
    found = report(part, externalPropertyFileReferences={"results": [{"guid": GUID, "itemCount": 1}]})
    assert said(found) == [("a", "first"), ("b", "apart")]
    assert (found.complete, found.notes, found.tools) == (True, (), ("a", "b"))


def test_a_run_is_named_by_its_own_guid_too_and_a_part_of_no_run_goes_to_the_first() -> None:
    mine, nobodys = {"runGuid": GUID, "results": [result("mine")]}, {"results": [result("whose?")]}
    found = report(mine, nobodys, automationDetails={"guid": GUID})
    assert said(found) == [("a", "first"), ("a", "whose?"), ("b", "mine")]


def test_artifacts_and_rules_that_stand_apart_are_found() -> None:
    place = {"physicalLocation": {"artifactLocation": {"index": 0}, "region": {"startLine": 3}}}
    part = {
        "guid": GUID,
        "artifacts": [{"location": {"uri": "src/a.py"}}],
        "driver": {"name": "B", "rules": [{"id": "R1", "shortDescription": {"text": "A rule"}}]},
    }
    references = {"artifacts": [{"guid": GUID}], "driver": {"guid": GUID}}
    found = report(part, results=[result("x", locations=[place])], externalPropertyFileReferences=references)
    finding = found.rows[-1].finding
    assert finding is not None
    assert (finding.path, finding.line, finding.title) == ("src/a.py", 3, "A rule")


def test_results_in_another_file_make_a_report_that_is_not_complete() -> None:
    found = report(externalPropertyFileReferences={"results": [{"guid": OTHER, "location": {"uri": "r.sarif"}}]})
    assert not found.complete
    assert found.notes == ("some results lie in other files (externalPropertyFileReferences), which are not read",)
