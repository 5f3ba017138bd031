"""Every approach, re-scanned by the scanner that reports the weakness: one start for all cases."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from daemon.domain.edits import apply_edits

SCANNERS = Path(".secaid/scanners").absolute()


def _scan(scanner: Path, folder: Path) -> Counter[tuple[str, str]]:
    """How often the scanner reports each rule in each file."""
    environment = os.environ | {"PATH": f"{scanner.parent}:{os.environ['PATH']}", "SEMGREP_SEND_METRICS": "off"}
    command = [str(scanner), "--json", "."]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=280)
    report = json.loads(run.stdout)
    found = {}
    for section in ("nodejs", "templates", "results"):
        found |= report.get(section) or {}
    return Counter(
        ((folder / each["file_path"]).resolve().relative_to(folder.resolve()).as_posix(), rule)
        for rule, group in found.items()
        for each in group.get("files", [])
    )


@pytest.mark.parametrize("name", ["njsscan", "mobsfscan"])
def test_every_approach_ends_the_finding_that_its_scanner_reports(name, all_code_cases, proposed, tmp_path):
    """The original fires (positive control) and each patched file no longer does."""
    scanner = SCANNERS / name / "bin" / name
    if not scanner.exists():
        pytest.skip(f"{name} is not installed here: run `secaid setup --scanners {name}`")
    cases = [each for each in all_code_cases if each.tool == name and each.nothing is None]
    approaches = []
    for number, case in enumerate(cases):
        original = tmp_path / "before" / f"c{number}" / case.path
        original.parent.mkdir(parents=True)
        original.write_text(case.before, "utf-8")
        for candidate in proposed(case.target):
            patched = tmp_path / "after" / f"c{number}" / candidate.approach / case.path
            patched.parent.mkdir(parents=True)
            patched.write_bytes(apply_edits(case.before.encode(), candidate.edits))
            approaches.append((case, original.relative_to(tmp_path), patched.relative_to(tmp_path)))
    found = _scan(scanner, tmp_path)
    silent = sorted({case.name for case, original, _ in approaches if not found[original.as_posix(), case.rule]})
    assert silent == [], "the originals must fire"
    left = [str(patched) for case, _, patched in approaches if found[patched.as_posix(), case.rule]]
    assert left == [], "the patched files must not"
