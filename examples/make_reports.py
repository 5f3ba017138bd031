"""Remake `examples/reports`: check the service's last commit out of its history and run the scanners on it.

history.fast-export → a checkout in a temporary folder → one folder of reports per scanner.

Each scanner runs with the checkout as its working directory and gets relative paths, so no path of this machine is
in a report; nothing is edited afterwards. A scanner that is not installed is left out, said so, and its reports stay
as they are. Run it as `python examples/make_reports.py [--scanners DIR] [NAME …]`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
HISTORY = HERE / "history.fast-export"
REPORTS = HERE / "reports"
SCANNERS = HERE.parent / ".secaid" / "scanners"
DOCKERFILES = ("deploy/backup/Dockerfile", "gateway/Dockerfile", "reporting/Dockerfile", "server/Dockerfile")
BRANCH = "main"


@dataclass(frozen=True)
class Report:
    """One report: who writes it, where it goes, and how.

    `{out}` in `arguments` is the report's path; without it the report is what the scanner prints. `ok` holds the exit
    statuses that mean a finished scan, findings or none.
    """

    scanner: str
    path: str
    arguments: tuple[str, ...]
    ok: frozenset[int]


def _report(scanner: str, path: str, arguments: str, ok: set[int]) -> Report:
    return Report(scanner, path, tuple(arguments.split()), frozenset(ok))


ZIZMOR_OK = {0, 11, 12, 13, 14}  # the highest severity found, by zizmor's own documentation
REPORT_LIST = (
    _report("zizmor", "workflow-scan/zizmor.sarif", "--offline --strict-collection -q --format sarif .", ZIZMOR_OK),
    _report("zizmor", "workflow-scan/zizmor.json", "--offline --strict-collection -q --format json-v1 .", ZIZMOR_OK),
    _report(
        "checkov",
        "cloud-scan/checkov.sarif",
        "-d . --framework dockerfile github_actions kubernetes terraform --skip-download --quiet -o sarif "
        "--output-file-path {folder}",
        {0, 1},
    ),
    _report("hadolint", "cloud-scan/hadolint.sarif", "--format sarif " + " ".join(DOCKERFILES), {0, 1}),
    _report("bandit", "code-scan/bandit.json", "-q -r reporting/src -f json -o {out}", {0, 1}),
    _report(
        "gitleaks", "workflow-scan/gitleaks.sarif", "dir . --redact --no-banner -l error -f sarif -r {out}", {0, 1}
    ),
    _report(
        "semgrep",
        "code-scan/semgrep.json",
        "scan --config .semgrep/orders.yml --metrics off --disable-version-check -q --json --output {out} .",
        {0, 1},
    ),
)


def restore(history: Path, folder: Path) -> str:
    """Import a fast-export stream into a new repository at `folder` and check out its branch; returns the commit."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    folder.mkdir(parents=True, exist_ok=True)
    git("-c", "init.defaultBranch=" + BRANCH, "init", "--quiet")
    git("config", "core.autocrlf", "false")
    with history.open("rb") as stream:
        subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"], stdin=stream, check=True)
    git("checkout", "--quiet", "--force", BRANCH)
    return git("rev-parse", "HEAD")


def write(report: Report, binary: Path, checkout: Path, reports: Path) -> None:
    """Run one scanner in the checkout and keep what it wrote as it wrote it."""
    target = reports / report.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as holder:
        draft = Path(holder) / target.name
        arguments = [part.format(out=draft, folder=holder) for part in report.arguments]
        path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"  # semgrep finds its core beside itself
        done = subprocess.run(
            [str(binary), *arguments], check=False, cwd=checkout, capture_output=True, env={**os.environ, "PATH": path}
        )
        if done.returncode not in report.ok:
            raise SystemExit(f"{report.scanner} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
        written = sorted(Path(holder).iterdir())  # Checkov chooses its own file name
        content = written[0].read_bytes() if written else done.stdout
    json.loads(content)
    target.write_bytes(content)


def main(arguments: Sequence[str] | None = None) -> int:
    """Remake the reports; 0 when every wanted scanner ran, 3 when one is not installed."""
    parser = argparse.ArgumentParser(description="Remake examples/reports with the installed scanners.")
    parser.add_argument("--scanners", type=Path, default=SCANNERS, help="folder with NAME/bin/NAME in it")
    parser.add_argument("--into", type=Path, default=REPORTS, help="where the reports go")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scanners to run; all when none is named")
    options = parser.parse_args(arguments)

    missing = set()
    with tempfile.TemporaryDirectory() as holder:
        checkout = Path(holder) / "orders"
        commit = restore(HISTORY, checkout)
        shutil.rmtree(checkout / ".git" / "hooks", ignore_errors=True)
        sys.stdout.write(f"scanning commit {commit}\n")
        for report in REPORT_LIST:
            if options.names and report.scanner not in options.names:
                continue
            binary = (options.scanners / report.scanner / "bin" / report.scanner).absolute()
            if not binary.exists():
                missing.add(report.scanner)
                continue
            write(report, binary, checkout, options.into)
            sys.stdout.write(f"{report.path}\n")
    for name in sorted(missing):
        sys.stderr.write(f"{name} is not installed in {options.scanners}: its reports were left as they are\n")
    return 3 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
