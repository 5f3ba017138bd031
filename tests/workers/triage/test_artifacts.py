"""A real batch of scan artifacts, where it lies beside the repository: the facts that its README states."""

from collections import Counter
from pathlib import Path

import pytest

from daemon.domain.report import Report
from daemon.domain.scan import Disposition
from workers.parsers import NotReport, read
from workers.triage.merge import Triage, distinct

ARTIFACTS = Path(__file__).resolve().parents[4] / "shared" / "artifacts"
pytestmark = pytest.mark.skipif(not ARTIFACTS.is_dir(), reason="the real artifacts are not beside this repository")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Report | NotReport]:
    """Path → what reading it came to; nothing in the batch is broken."""
    files = sorted(path for path in ARTIFACTS.rglob("*") if path.is_file())
    return {str(path.relative_to(ARTIFACTS)): read(path.read_bytes(), path.name) for path in files}


@pytest.fixture(scope="module")
def triage(outcomes: dict[str, Report | NotReport]) -> Triage:
    """The whole batch, told apart."""
    return distinct([found for found in outcomes.values() if isinstance(found, Report)])


def test_pages_and_markdown_are_ignored_and_everything_else_is_a_report(
    outcomes: dict[str, Report | NotReport],
) -> None:
    ignored = {Path(path).suffix for path, found in outcomes.items() if isinstance(found, NotReport)}
    read_ones = {Path(path).suffix for path, found in outcomes.items() if isinstance(found, Report)}
    assert (ignored, read_ones) == ({".html", ".md"}, {".json", ".sarif"})


def test_all_447_rows_are_accounted_for(triage: Triage) -> None:
    assert sum(map(len, triage.accounts)) == 447
    assert [triage.count(fate) for fate in Disposition] == [256, 191, 0]


def test_merged_files_and_second_formats_collapse(triage: Triage) -> None:
    tools = Counter(kept.finding.tool for kept in triage.findings)
    assert tools == {"semgrep": 107, "trivy": 84, "osv-scanner": 46, "checkov": 10, "zap": 9}
    assert len({kept.id for kept in triage.findings}) == 256


def test_a_clean_secret_scan_is_a_report_without_rows(outcomes: dict[str, Report | NotReport]) -> None:
    clean = [found for found in outcomes.values() if isinstance(found, Report) and found.tool == "gitleaks"]
    assert [found.rows for found in clean] == [()]


def test_package_findings_group_by_vulnerability(triage: Triage) -> None:
    packages = [kept for kept in triage.findings if kept.finding.package]
    assert len(packages) == 130
    assert len({kept.group for kept in packages}) < 70
    assert all(kept.finding.package and kept.finding.package.ecosystem != "unknown" for kept in packages)


def test_no_finding_is_without_a_type_a_severity_and_a_place(triage: Triage) -> None:
    for kept in triage.findings:
        finding = kept.finding
        assert finding.category != "other"
        assert finding.severity != "unknown"
        assert finding.path or finding.location.url or finding.location.logical
