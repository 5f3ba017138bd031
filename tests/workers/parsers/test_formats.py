"""The facts that each native format gives, on small reports of our own writing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from daemon.domain.finding import Finding
from daemon.domain.report import Report
from daemon.domain.severity import Severity
from daemon.masking import MASK
from workers.parsers import read
from workers.triage.merge import distinct

GHSA, CVE = "GHSA-2222-3333-4444", "CVE-2021-10001"
LEFT = {
    "package.name": "left",
    "package.version": "1.0.0",
    "package.ecosystem": "npm",
    "package.purl": "pkg:npm/left@1.0.0",
}
JAR = {"package.name": "org.left:left", "package.ecosystem": "Maven", "package.purl": "pkg:maven/org.left/left@1.0.0"}

FACTS: list[tuple[str, int, dict[str, Any]]] = [
    ("trivy-json", 0, {**LEFT, "rule": CVE, "severity": "high", "cvss_score": 9.8, "cwes": (400,), "aliases": (GHSA,)}),
    ("trivy-json", 0, {"path": "package-lock.json", "package.fixed_versions": ("1.0.1", "2.0.0")}),
    ("trivy-json", 1, {"rule": "DS002", "path": "Dockerfile", "line": 3, "message": "Specify a USER"}),
    ("trivy-json", 2, {"rule": "aws-access-key-id", "path": "app/.env", "severity": "critical", "cwes": (798,)}),
    ("trivy-json", 3, {"rule": "license-GPL-2.0", "severity": "high", "path": None}),
    ("checkov-json", 0, {"rule": "CKV2_GHA_1", "path": ".github/workflows/ci.yml", "line": 1, "severity": "medium"}),
    ("checkov-json", 0, {"help_uri": "https://docs.example.org/gha-1", "tool_severity": None}),
    ("checkov-json", 1, {"suppressed": "inSource: needed by release"}),
    ("semgrep-json", 0, {"path": "src/run.py", "line": 4, "severity": "high", "cwes": (78,), "owasp": ("A03:2021",)}),
    ("semgrep-json", 0, {"confidence": "HIGH", "help_uri": "https://semgrep.dev/r/shell-true"}),
    ("semgrep-json", 1, {**LEFT, "reachable": False, "aliases": (CVE,), "suppressed": "inSource: nosemgrep"}),
    ("semgrep-json", 1, {"package.fixed_versions": ("1.0.1",), "package.manifest": "package-lock.json"}),
    ("osv-scanner-json", 0, {**LEFT, "rule": GHSA, "aliases": (CVE,), "path": "web/package-lock.json"}),
    ("osv-scanner-json", 0, {"package.fixed_versions": ("1.0.1",), "cvss_score": 8.7, "severity": "high"}),
    ("osv-scanner-json", 0, {"reachable": True, "tool_severity": "HIGH", "cwes": (400,)}),
    ("osv-document", 1, {"package.name": "left-fork", "package.fixed_versions": ("7.7.7",), "package.version": ""}),
    ("zap-json", 0, {"rule": "10038-1", "severity": "medium", "cwes": (693,), "message": "No policy."}),
    ("zap-json", 0, {"location.url": "http://localhost:8080/login", "help_text": "Set one & test."}),
    ("zap-json", 1, {"severity": "info", "cwes": (), "location.logical": "http://localhost:8080"}),
    ("zap-xml", 0, {"rule": "10038-1", "severity": "medium", "location.url": "http://localhost:8080/login"}),
    ("gitleaks-json", 0, {"rule": "generic-api-key", "path": "src/settings.py", "line": 3, "location.snippet": MASK}),
    ("gitleaks-json", 0, {"location.message": "in commit 0123456789abcdef0123456789abcdef01234567"}),
    ("gitleaks-7-json", 0, {"rule": "Generic", "path": "src/settings.py", "line": 3, "severity": "high"}),
    ("bandit-json", 0, {"rule": "B602", "path": "a.py", "line": 4, "severity": "high", "cwes": (78,)}),
    ("bandit-json", 0, {"location.snippet": "    subprocess.call(x, shell=True)", "location.region.start_column": 5}),
    ("zizmor-json", 0, {"rule": "artipacked", "path": ".github/workflows/ci.yml", "line": 7, "severity": "medium"}),
    ("zizmor-json", 0, {"location.region.start_column": 9, "location.region.end_column": 34, "confidence": "Low"}),
    ("hadolint-json", 0, {"rule": "DL3006", "path": "Dockerfile", "line": 1, "severity": "medium"}),
    ("hadolint-json", 1, {"rule": "SC2086", "severity": "info", "help_uri": "https://www.shellcheck.net/wiki/SC2086"}),
    ("shellcheck-json", 0, {"rule": "SC2086", "path": "run.sh", "line": 2, "severity": "info"}),
    ("actionlint-json", 0, {"rule": "expression", "line": 8, "severity": "high", "location.region.end_column": 38}),
    ("yamllint-parsable", 0, {"rule": "truthy", "path": ".github/workflows/ci.yml", "line": 2, "severity": "low"}),
    ("yamllint-parsable", 1, {"rule": "syntax", "line": 8, "severity": "medium"}),
    ("ktlint-json", 0, {"rule": "syntax", "path": "app/B.kt", "line": 2, "severity": "medium", "help_uri": None}),
    ("ktlint-json", 1, {"rule": "no-unused-imports", "path": "app/q.kt", "line": 3, "severity": "info"}),
    ("cfn-lint-json", 0, {"rule": "E3002", "path": "stack.yaml", "line": 6, "severity": "high"}),
    ("njsscan-json", 0, {"rule": "eval_nodejs", "path": "app.js", "line": 3, "cwes": (95,), "owasp": ("A1",)}),
    ("mobsfscan-json", 0, {"rule": "android_kotlin_md5", "path": "A.kt", "owasp": ("M5",), "severity": "medium"}),
    ("mobsfscan-json", 1, {"rule": "android_root_detection", "path": None, "severity": "info"}),
    ("grype-json", 0, {**LEFT, "rule": GHSA, "aliases": (CVE,), "epss": 0.42, "path": "package-lock.json"}),
    ("grype-json", 1, {"suppressed": "grype: not used", "severity": "info"}),
    ("npm-audit-2", 0, {"rule": GHSA, "package.name": "left", "package.fixed_versions": ("1.0.1",), "cwes": (400,)}),
    ("npm-audit-1", 0, {**LEFT, "rule": CVE, "severity": "critical", "cwes": (94,)}),
    ("npm-audit-1", 0, {"package.fixed_versions": ("1.0.2", "2.1.0")}),
    ("npm-audit-1", 1, {"rule": CVE, "package.version": "2.0.0"}),
    ("yarn-audit", 0, {**LEFT, "tool": "yarn-audit", "rule": CVE}),
    ("pip-audit-json", 0, {"rule": "PYSEC-2021-76", "package.ecosystem": "PyPI", "package.fixed_versions": ("3.7.4",)}),
    ("dependency-check-json", 0, {**JAR, "rule": CVE, "path": "lib/left.jar", "cvss_score": 9.8}),
    ("dependency-check-json", 1, {"suppressed": "dependency-check: not reachable"}),
    ("dependency-check-xml", 0, {**JAR, "rule": CVE, "path": "lib/left.jar", "cwes": (400,), "tool_severity": "HIGH"}),
    ("trufflehog-json", 0, {"rule": "AWS", "path": "keys", "line": 4, "severity": "critical"}),
    ("trufflehog-json", 1, {"rule": "URI", "path": "b", "severity": "high"}),
    ("trufflehog-2-json", 0, {"rule": "High Entropy", "path": "keys", "location.message": "in commit 288f35"}),
    ("kics-json", 0, {"rule": "7af43613", "path": "infra/s3.tf", "line": 36, "cwes": (284,), "title": "S3 Open"}),
    ("gosec-json", 0, {"rule": "G204", "path": "main.go", "line": 12, "location.snippet": "exec.Command(a)"}),
    ("gosec-json", 1, {"location.region.end_line": 21, "suppressed": "inSource: best effort"}),
    ("detect-secrets-json", 0, {"rule": "Secret Keyword", "path": "src/a.py", "line": 7}),
    ("snyk-json", 0, {**LEFT, "rule": "SNYK-JS-LEFT-1", "aliases": (CVE,), "epss": 0.5, "severity": "high"}),
    ("snyk-json", 1, {"reachable": True}),
    ("snyk-json", 2, {"package.name": "right", "suppressed": "snyk: only in tests"}),
    ("snyk-json", 3, {"rule": "SNYK-CC-TF-136", "path": "package-lock.json", "line": 12, "severity": "low"}),
    ("snyk-json", 3, {"message": "Logging disabled: resource.aws_x[a].logging", "package": None}),
    ("snyk-json", 4, {"line": None, "suppressed": "snyk: ignored by its policy"}),
    ("cyclonedx-json", 0, {**JAR, "tool": "grype", "rule": CVE, "aliases": (GHSA,), "severity": "critical"}),
    ("cyclonedx-json", 1, {"suppressed": "analysis: not_affected: code_not_reachable"}),
    ("cyclonedx-json", 2, {"package.name": "shop", "package.version": "2.4, vers:generic/>=3", "suppressed": None}),
    ("cyclonedx-xml", 0, {**JAR, "rule": CVE, "cvss_score": 9.8, "cwes": (400,)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "index", "facts"), FACTS, ids=[f"{name}-{index}" for name, index, _ in FACTS])
def test_a_report_gives_these_facts(
    name: str, index: int, facts: dict[str, Any], findings_of: Callable[[str], list[Finding]]
) -> None:
    finding = findings_of(name)[index]
    found = {key: _value(finding, key) for key in facts}
    assert found == facts


def _value(finding: Finding, key: str) -> Any:
    value: Any = finding
    for part in key.split("."):
        value = getattr(value, part)
    return str(value) if isinstance(value, Severity) else value


def test_passed_checks_are_ignored_rows_that_prove_what_was_read(report_of: Callable[[str], Report]) -> None:
    report = report_of("checkov-json")
    assert [row.ignored for row in report.rows if row.ignored] == ["the check did not fail here (result: PASSED)"]
    assert report.scanned == (".github/workflows/ci.yml",)
    assert report.notes == ("parsing error: /broken.yml",)


@pytest.mark.parametrize(
    ("name", "scanned", "notes"),
    [
        ("semgrep-json", ("src/run.py", "package-lock.json"), ("warn: src/bad.py Syntax error",)),
        ("bandit-json", ("a.py",), ("./bad.py: syntax error",)),
        ("pip-audit-json", (), ("skipped local: not on PyPI",)),
        ("kics-json", (), ("1 files could not be scanned",)),
        ("gosec-json", (), ("could not be read: bad.go",)),
    ],
)
def test_what_a_scanner_could_not_read_is_said(
    name: str, scanned: tuple[str, ...], notes: tuple[str, ...], report_of: Callable[[str], Report]
) -> None:
    report = report_of(name)
    assert (report.scanned, report.notes) == (scanned, notes)


@pytest.mark.parametrize(
    ("name", "unread", "lists_all"),
    [
        ("semgrep-json", ("src/bad.py",), True),
        ("bandit-json", ("bad.py",), True),
        ("checkov-json", ("broken.yml",), False),
        ("gosec-json", ("bad.go",), False),
    ],
)
def test_files_that_were_not_read_are_named(
    name: str, unread: tuple[str, ...], lists_all: bool, report_of: Callable[[str], Report]
) -> None:
    report = report_of(name)
    assert (report.unread, report.lists_all) == (unread, lists_all)


def test_offered_fixes_are_kept_to_the_letter(findings_of: Callable[[str], list[Finding]]) -> None:
    (semgrep,) = findings_of("semgrep-json")[0].fixes
    (shellcheck,) = findings_of("shellcheck-json")[0].fixes
    assert [edit.text for edit in semgrep.replacements] == ["subprocess.call(x)"]
    assert [(edit.region.start_column, edit.text) for edit in shellcheck.replacements] == [(4, '"'), (6, '"')]


def test_the_same_alert_is_the_same_in_json_and_xml(findings_of: Callable[[str], list[Finding]]) -> None:
    one, other = findings_of("zap-json")[0], findings_of("zap-xml")[0]
    assert (one.rule, one.severity, one.locations, one.cwes) == (
        other.rule,
        other.severity,
        other.locations,
        other.cwes,
    )


def test_versions_that_a_document_calls_unaffected_are_no_finding(report_of: Callable[[str], Report]) -> None:
    *_, last = report_of("cyclonedx-json").rows
    assert last.ignored == "every version that is listed of it is unaffected"


def test_two_secrets_in_one_file_of_an_image_are_two_and_one_that_is_told_twice_is_one() -> None:
    def leak(secret: str, layer: str) -> dict[str, object]:
        where = {"Docker": {"file": "/app/.env", "image": "shop", "layer": layer}}
        return {"SourceMetadata": {"Data": where}, "DetectorName": "URI", "Verified": False, "Raw": secret}

    rows = [leak("Zx81-not-a-shape-1", "a"), leak("Zx81-not-a-shape-2", "a"), leak("Zx81-not-a-shape-1", "b")]
    report = read("\n".join(json.dumps(row) for row in rows).encode(), "f")
    assert isinstance(report, Report)
    assert "Zx81-not-a-shape" not in repr(report)
    assert [kept.finding.message for kept in distinct([report]).findings] == [
        "URI found in shop: /app/.env", "URI found in shop: /app/.env (secret 2 there)",
    ]  # fmt: skip


def test_a_check_of_a_terraform_plan_is_about_the_source_that_it_names() -> None:
    check = {
        "check_id": "CKV_AWS_1", "check_result": {"result": "FAILED"}, "file_line_range": [13, 17],
        "file_path": "/ecr/main.tf", "repo_file_path": "/plans/plan.json",
    }  # fmt: skip
    report = read(json.dumps({"check_type": "terraform_plan", "results": {"failed_checks": [check]}}).encode(), "f")
    assert isinstance(report, Report)
    assert [row.finding and row.finding.path for row in report.rows] == ["ecr/main.tf"]


def test_an_audited_secret_a_summary_and_a_transitive_package_are_no_findings(
    report_of: Callable[[str], Report],
) -> None:
    reasons = [
        row.ignored for name in ("detect-secrets-json", "yarn-audit", "npm-audit-2") for row in report_of(name).rows
    ]
    assert [reason for reason in reasons if reason] == [
        "a person audited it as no secret (is_secret: false)",
        "the line is no advisory (type: auditSummary)",
        "right is affected through left alone, whose own rows say it",
    ]
