"""What real scanners say of `examples/`, through their own JSON and through SARIF: the same findings, as one."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from daemon.domain.report import Report
from workers.parsers import read
from workers.source.tree import FolderTree
from workers.triage.merge import distinct

ROOT = Path(__file__).resolve().parents[3]
SCANNERS = ROOT / ".secaid" / "scanners"
DOCKERFILES = "deploy/backup/Dockerfile gateway/Dockerfile reporting/Dockerfile server/Dockerfile"
FORMATS = {
    "zizmor": ("--offline -q --format json .", "--offline -q --format sarif ."),
    "hadolint": (f"--format json {DOCKERFILES}", f"--format sarif {DOCKERFILES}"),
    "gitleaks": ("dir . --no-banner -l error -f json -r {out}", "dir . --no-banner -l error -f sarif -r {out}"),
    "njsscan": ("--json -o {out} weak", "--sarif -o {out} weak"),
    "mobsfscan": ("--json -o {out} server", "--sarif -o {out} server"),
    "checkov": (
        "-d . --framework dockerfile github_actions --skip-download --quiet -o json --output-file-path {folder}",
        "-d . --framework dockerfile github_actions --skip-download --quiet -o sarif --output-file-path {folder}",
    ),
    "semgrep": (
        "scan --config .semgrep/orders.yml --metrics off --disable-version-check -q --json --output {out} .",
        "scan --config .semgrep/orders.yml --metrics off --disable-version-check -q --sarif --output {out} .",
    ),
}
WEAK = """const express = require('express'); const app = express();
app.get('/', function (req, res) { eval(req.query.y); res.send(req.query.z); });
"""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example service at its last commit, and one weak script."""
    spec = importlib.util.spec_from_file_location("make_reports", ROOT / "examples" / "make_reports.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("examples") / "checkout"
    module.restore(module.HISTORY, folder)
    (folder / "weak").mkdir()  # the example's TypeScript holds nothing that njsscan knows
    (folder / "weak" / "app.js").write_text(WEAK)
    return folder


def _scan(scanner: str, arguments: str, checkout: Path, folder: Path) -> Report:
    """One run of a real scanner."""
    binary = SCANNERS / scanner / "bin" / scanner
    if not binary.exists():
        pytest.skip(f"{scanner} is not installed")
    folder.mkdir()
    out = folder / "report"
    words = [word.format(out=out, folder=folder) for word in arguments.split()]
    environment = {**os.environ, "PATH": f"{binary.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([binary, *words], cwd=checkout, capture_output=True, env=environment, timeout=200)
    written = sorted(folder.iterdir())
    found = read(written[0].read_bytes() if written else done.stdout, folder.name)
    assert isinstance(found, Report), done.stderr
    return found


def _round_trip(scanner: str, checkout: Path, tmp_path: Path) -> None:
    native, sarif = (
        _scan(scanner, arguments, checkout, tmp_path / name)
        for name, arguments in zip(("native", "sarif"), FORMATS[scanner], strict=True)
    )
    tree = FolderTree(checkout)
    alone, other = (distinct([report], tree).findings for report in (native, sarif))
    together = distinct([native, sarif], tree).findings
    assert native.tool == sarif.tool == scanner
    assert together
    assert {kept.id for kept in alone} == {kept.id for kept in other} == {kept.id for kept in together}
    facts = [
        {kept.id: (kept.finding.severity, kept.finding.path, kept.finding.line) for kept in found}
        for found in (alone, other)
    ]
    assert facts[0] == facts[1]


@pytest.mark.scanner("zizmor")
@pytest.mark.scanner("hadolint")
@pytest.mark.scanner("gitleaks")
@pytest.mark.parametrize("scanner", ["zizmor", "hadolint", "gitleaks"])
def test_native_json_and_sarif_say_the_same(scanner: str, checkout: Path, tmp_path: Path) -> None:
    _round_trip(scanner, checkout, tmp_path)


@pytest.mark.slow
@pytest.mark.scanner("njsscan")
@pytest.mark.scanner("mobsfscan")
@pytest.mark.scanner("checkov")
@pytest.mark.scanner("semgrep")
@pytest.mark.parametrize("scanner", ["njsscan", "mobsfscan", "checkov", "semgrep"])
def test_slower_scanners_say_the_same_in_both(scanner: str, checkout: Path, tmp_path: Path) -> None:
    _round_trip(scanner, checkout, tmp_path)
