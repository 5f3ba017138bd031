"""Every approach, re-scanned by the scanner that reports the weakness: one start for all cases."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from daemon.domain.edits import apply_edits

SCANNERS = Path(".secaid/scanners")
HADOLINT = SCANNERS / "hadolint/bin/hadolint"
CHECKOV = SCANNERS / "checkov/bin/checkov"


def _hadolint(folder: Path) -> Counter[tuple[str, str]]:
    """How often hadolint reports each rule in each file."""
    (folder / "none.yaml").write_text("ignored: []\n")
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("Dockerfile"))
    command = [str(HADOLINT.absolute()), "--no-fail", "--config", "none.yaml", "--format", "json", *files]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=120)
    return Counter((each["file"], each["code"]) for each in json.loads(run.stdout))


def _checkov(folder: Path) -> Counter[tuple[str, str]]:
    """How often checkov reports each rule in each file.

    No case may hold `RUN true`: Checkov 3.3 takes it for a boolean, and loses CKV2 findings of all other files.
    """
    command = [str(CHECKOV.absolute()), "-d", ".", "--framework", "dockerfile", "-o", "json", "--quiet", "--compact"]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    failed = json.loads(run.stdout)["results"]["failed_checks"]
    return Counter((each["repo_file_path"].lstrip("/"), each["check_id"]) for each in failed)


def _rescan(tool, scan, code_cases, proposed, folder):
    before, after = folder / "before", folder / "after"
    approaches = []
    for number, case in enumerate(each for each in code_cases if each.tool == tool and each.nothing is None):
        original = before / f"c{number}" / case.path
        original.parent.mkdir(parents=True)
        original.write_text(case.before, "utf-8")
        for candidate in proposed(case.target):
            patched = after / f"c{number}" / candidate.approach / case.path
            patched.parent.mkdir(parents=True)
            patched.write_bytes(apply_edits(case.before.encode(), candidate.edits))
            approaches.append((case, original.relative_to(before), patched.relative_to(after)))
    fired, fires = scan(before), scan(after)
    silent = {case.name for case, original, _ in approaches if not fired[str(original), case.rule]}
    left = [
        f"{case.name}: {patched.parts[1]}"
        for case, original, patched in approaches
        if fires[str(patched), case.rule] >= fired[str(original), case.rule]
    ]
    assert (silent, left) == (set(), [])
    broken = {"DL1000", "SC1072", "SC1073"}
    assert not [(path, rule) for path, rule in fires if rule in broken]


@pytest.mark.scanner("hadolint")
@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not installed here: run `secaid setup --scanners`")
def test_every_approach_ends_the_finding_that_hadolint_reports(code_cases, proposed, tmp_path):
    """The original fires (positive control) and each patched file no longer does."""
    _rescan("hadolint", _hadolint, code_cases, proposed, tmp_path)


@pytest.mark.scanner("checkov")
@pytest.mark.skipif(not CHECKOV.exists(), reason="checkov is not installed here: run `secaid setup --scanners`")
def test_every_approach_ends_the_finding_that_checkov_reports(code_cases, proposed, tmp_path):
    """As for hadolint."""
    _rescan("checkov", _checkov, code_cases, proposed, tmp_path)
