"""The reports are about the service as it lies here, and tell nothing about the machine they were made on."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

QUICK = ("zizmor", "hadolint", "bandit", "gitleaks")
MACHINE_PATHS = re.compile(r"/root/|/home/|/Users/|/work/|/private/|/var/folders|file://")


def _sarif_places(report: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for run in report["runs"]:
        for result in run["results"]:
            place = result["locations"][0]["physicalLocation"]
            yield place["artifactLocation"]["uri"], place["region"]["startLine"]


def _places(report: Any) -> list[tuple[str, int]]:
    """The path and line of every finding, in each of the formats kept here."""
    if isinstance(report, list):  # zizmor: one location is primary, rows count from zero
        found = []
        for finding in report:
            places = [at for at in finding["locations"] if at["symbolic"]["kind"] == "Primary"]
            key = places[0]["symbolic"]["key"]["Local"]
            found.append(
                (key["verbatim_path"].removeprefix("./"), places[0]["concrete"]["location"]["start_point"]["row"] + 1)
            )
        return found
    if "runs" in report:
        return list(_sarif_places(report))
    rows = report["results"]
    return [
        (row["filename"], row["line_number"]) if "filename" in row else (row["path"], row["start"]["line"])
        for row in rows
    ]


def test_the_readme_counts_each_reports_findings(make_reports: ModuleType, examples: Path) -> None:
    readme = (examples / "README.md").read_text(encoding="utf-8")
    counted = {row[0]: int(row[1]) for row in re.findall(r"^\| `([\w/-]+)` \| [^|]+ \| (\d+) \|", readme, re.MULTILINE)}
    kept: dict[str, int] = {}
    for report in make_reports.REPORT_LIST:
        found = len(_places(json.loads((make_reports.REPORTS / report.path).read_bytes())))
        assert kept.setdefault(report.path.rpartition(".")[0], found) == found
    assert counted == kept


def test_every_finding_lies_on_a_line_of_the_service(make_reports: ModuleType, examples: Path) -> None:
    lines = {}
    for report in make_reports.REPORT_LIST:
        for path, line in _places(json.loads((make_reports.REPORTS / report.path).read_bytes())):
            if path not in lines:
                lines[path] = len((examples / "orders" / path).read_text(encoding="utf-8").splitlines())
            assert 1 <= line <= lines[path], f"{report.path}: {path}:{line}"


def test_no_report_holds_a_path_of_the_machine_or_an_unmasked_secret(make_reports: ModuleType) -> None:
    for path in sorted(make_reports.REPORTS.rglob("*.*")):
        content = path.read_text(encoding="utf-8")
        assert MACHINE_PATHS.findall(content) == [], path
        assert re.findall(r"INVALID-q8|NOTREAL-8x|invalid-8x", content) == [], path


def _comparable(content: bytes) -> Any:
    report = json.loads(content)
    if isinstance(report, dict):
        report.pop("generated_at", None)  # Bandit writes the time of the scan
        for run in report.get("runs", []):
            run["results"].sort(key=json.dumps)  # Gitleaks reads files at once and reports them as they come
    return report


@pytest.mark.scanner("zizmor")
@pytest.mark.scanner("hadolint")
@pytest.mark.scanner("bandit")
@pytest.mark.scanner("gitleaks")
def test_the_quick_scanners_write_the_same_reports_again(make_reports: ModuleType, tmp_path: Path) -> None:
    installed = [name for name in QUICK if (make_reports.SCANNERS / name / "bin" / name).exists()]
    if len(installed) < len(QUICK):
        pytest.skip("scanners are not installed; `secaid setup --scanners` does it")
    assert make_reports.main(["--into", str(tmp_path), *QUICK]) == 0
    remade = [report.path for report in make_reports.REPORT_LIST if report.scanner in QUICK]
    for path in remade:
        assert _comparable((tmp_path / path).read_bytes()) == _comparable((make_reports.REPORTS / path).read_bytes())


def test_a_missing_scanner_is_said_and_its_report_left_alone(
    make_reports: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "reports"
    shutil.copytree(make_reports.REPORTS, kept)
    assert make_reports.main(["--scanners", str(tmp_path / "none"), "--into", str(kept), "bandit"]) == 3
    assert "bandit is not installed" in capsys.readouterr().err
    report = Path("code-scan", "bandit.json")
    assert (kept / report).read_bytes() == (make_reports.REPORTS / report).read_bytes()
