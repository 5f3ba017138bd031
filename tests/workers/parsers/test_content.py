"""What is decided before any parser is asked, and what hostile files come to."""

import json
import re

import pytest

from daemon.domain.report import Report
from daemon.errors import ReportBroken, UnknownFormat
from workers.parsers import NotReport, read

RESULT = {"ruleId": "r", "message": {"text": "m"}}


def sarif(*results: object, **run: object) -> bytes:
    tool = {"driver": {"name": "T"}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": results, **run}]}).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html>\n<html><body>ZAP</body></html>", "HTML page"),
        (b"\n<html lang='en'>", "HTML page"),
        (b"<!-- made by x -->\n<html>", "HTML page"),
        (b"# ZAP Scanning Report\n\n| Risk | n |", "plain text"),
        (b"[INFO] 3 files scanned", "plain text"),
        (b"caf\xe9 au lait", "plain text"),
        (b"\x89PNG\r\n\x1a\n...", "PNG"),
        (b"PK\x03\x04....", "zip"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"abc\0\0\1", "binary"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    ],
)
def test_pages_images_and_logs_are_ignored_with_a_reason(content: bytes, reason: str) -> None:
    found = read(content, "f")
    assert isinstance(found, NotReport)
    assert reason in found.reason


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"\xef\xbb\xbf", b'{"name": "package"}', b"<results/>", b'[{"a": 1}]', b"{}"]
)
def test_data_that_no_parser_knows_is_said_to_be_unknown(content: bytes) -> None:
    with pytest.raises(UnknownFormat, match=r"^dir/f.json: "):
        read(content, "dir/f.json")


@pytest.mark.parametrize("root", ["testsuites", "testsuite", "coverage"])
def test_reports_of_tests_and_coverage_beside_a_scan_are_ignored(root: str) -> None:
    found = read(f'<?xml version="1.0"?><{root}/>'.encode(), "junit.xml")
    assert isinstance(found, NotReport)
    assert "report of test" in found.reason


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("semgrep.json", b"Error: no rules\nsee --help", "did the scanner fail? It begins 'Error: no rules'"),
        ("out.SARIF", b"{ not json }", "plain text, no data"),
        ("r.sarif", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a pointer of Git LFS"),
    ],
)
def test_text_where_the_name_promises_a_report_is_never_passed_over(name: str, content: bytes, said: str) -> None:
    with pytest.raises(UnknownFormat, match=re.escape(said)):
        read(content, name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"version": "2.1.0", "runs": [', "truncated"),
        (b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "\xff"}}}]}', "byte 60 \\(0xff\\)"),
        (b"{\0\xff", "UTF-16-LE"),
        (b'{"version": "2.1.0", "runs": [{"tool": 3}]}', r"Expected `object`, got `int` - at `\$.runs\[0\].tool`"),
        (sarif("text"), "Expected `object`, got `str`"),
        (sarif(RESULT, {"ruleId": ["r"]}), r"row 1: .*\$.ruleId"),
        (b'{"runs": NaN}', "byte 9"),
        (b'{"version":"2.1.0","runs":' + b"[" * 100_000, "nested too deeply|recursion"),
        (
            b'{"version":"2.1.0","runs":[{"tool":{"driver":{}},"results":[' + b'{"properties":{"a":' * 50_000,
            "recursion|deep|truncated",
        ),
        (b"<OWASPZAPReport><site>", "no element found|XML"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><OWASPZAPReport>&a;</OWASPZAPReport>', "Entit"),
    ],
)
def test_a_report_that_cannot_be_decoded_says_where(content: bytes, message: str) -> None:
    with pytest.raises(ReportBroken, match=message):
        read(content, "f")


def test_a_billion_laughs_are_refused() -> None:
    entities = "".join(f'<!ENTITY l{n} "&l{n - 1};&l{n - 1};">' for n in range(1, 30))
    bomb = f'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY l0 "ha">{entities}]><OWASPZAPReport>&l29;</OWASPZAPReport>'
    with pytest.raises(ReportBroken):
        read(bomb.encode(), "bomb.xml")


def test_empty_results_that_several_scanners_write_alike_are_a_clean_scan() -> None:
    found = read(b'{\n  "results": []\n}\n', "f")
    assert isinstance(found, Report)
    assert (found.format, found.rows) == ("empty-list", ())


@pytest.mark.parametrize("content", [b"[]", b"null", b"[\n]\n"])
def test_an_empty_list_is_a_clean_scan_of_a_scanner_that_the_caller_may_name(content: bytes) -> None:
    unnamed = read(content, "f")
    named = read(content, "f", tool="gitleaks")
    assert isinstance(unnamed, Report)
    assert isinstance(named, Report)
    assert (unnamed.tool, unnamed.rows, len(unnamed.notes)) == ("unknown", (), 1)
    assert (named.tool, named.format, named.rows) == ("gitleaks", "gitleaks-json", ())


def test_nothing_at_all_is_clean_only_from_a_scanner_that_writes_so() -> None:
    found = read(b"", "out", tool="yamllint")
    assert isinstance(found, Report)
    assert found.rows == ()
    with pytest.raises(UnknownFormat, match="empty"):
        read(b"", "out", tool="bandit")


def test_old_sarif_is_refused_by_its_version() -> None:
    with pytest.raises(UnknownFormat, match=r"SARIF 1\.0\.0"):
        read(b'{"version": "1.0.0", "runs": []}', "f")


def test_absolute_paths_below_the_scanned_folder_become_relative() -> None:
    place = {
        "physicalLocation": {"artifactLocation": {"uri": "file:///tmp/scan-1/src/a.py"}, "region": {"startLine": 1}}
    }
    found = read(sarif({**RESULT, "locations": [place]}), "f", root="/tmp/scan-1")
    assert isinstance(found, Report)
    assert [row.finding.path for row in found.rows if row.finding] == ["src/a.py"]


@pytest.mark.parametrize("line", [0, -3, 10**30, 2**31])
def test_line_numbers_that_make_no_sense_are_dropped(line: int) -> None:
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": line}}}
    found = read(sarif({**RESULT, "locations": [place]}), "f")
    assert isinstance(found, Report)
    assert [(row.finding.path, row.finding.line) for row in found.rows if row.finding] == [("a.py", None)]


def test_long_text_is_cut_and_control_characters_are_dropped() -> None:
    found = read(sarif({"ruleId": "r\u0000x" * 500, "message": {"text": "a\u0000b\u001b[31m" + "c" * 100_000}}), "f")
    assert isinstance(found, Report)
    finding = found.rows[0].finding
    assert finding is not None
    assert finding.message.startswith("ab[31mccc")
    assert len(finding.message) <= 4000
    assert len(finding.rule) <= 300


def test_secrets_are_masked_in_every_text_and_a_fix_with_one_is_not_kept() -> None:
    token = "ghp_" + "a" * 36
    region = {"startLine": 1, "startColumn": 1, "endColumn": 9, "snippet": {"text": token}}
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": region}, "message": {"text": token}}
    change = {
        "artifactLocation": {"uri": "a.py"},
        "replacements": [{"deletedRegion": region, "insertedContent": {"text": token}}],
    }
    result = {
        "ruleId": "r",
        "message": {"text": f"found {token}"},
        "locations": [place],
        "relatedLocations": [place],
        "partialFingerprints": {"k": token},
        "fixes": [{"description": {"text": token}, "artifactChanges": [change]}],
    }
    found = read(sarif(result), "f")
    assert isinstance(found, Report)
    assert token not in repr(found)
    assert found.rows[0].finding is not None
    assert found.rows[0].finding.fixes == ()


@pytest.mark.parametrize(("name", "known"), [("grype", True), ("xeol", False)])
def test_a_tool_that_writes_in_the_shape_of_another_is_not_taken_for_it(name: str, known: bool) -> None:
    content = json.dumps({"matches": [], "descriptor": {"name": name, "version": "1"}}).encode()
    if known:
        assert isinstance(read(content, "f"), Report)
    else:
        with pytest.raises(UnknownFormat):
            read(content, "f")


@pytest.mark.parametrize("secret", ["pa$$w0rd{x}", "it's 'quoted'", "two\nlines", "short"])
def test_what_bandit_quotes_of_a_credential_is_no_part_of_the_finding(secret):
    row = {
        "test_id": "B105",
        "issue_text": f"Possible hardcoded password: '{secret}'",
        "issue_severity": "LOW",
        "filename": "a.py",
        "line_number": 1,
    }
    report = read(json.dumps({"results": [row], "metrics": {"a.py": {}}, "errors": []}).encode(), "out", tool="bandit")
    assert isinstance(report, Report)
    [finding] = [row.finding for row in report.rows]
    for said in (finding.message, finding.title, finding.help_text):
        assert said == "Possible hardcoded password: '[secret masked]'"
