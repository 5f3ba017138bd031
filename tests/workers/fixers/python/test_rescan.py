"""Every approach, re-scanned by the scanner that reports the weakness: one start for all cases."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from daemon.domain.edits import apply_edits

BANDIT = Path(".secaid/scanners/bandit/bin/bandit")


def _scan(folder: Path) -> Counter[tuple[str, str]]:
    """How often bandit reports each rule in each file."""
    command = [str(BANDIT.absolute()), "-q", "-r", ".", "-f", "json"]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    report = json.loads(run.stdout)
    assert not report["errors"]
    return Counter((str(Path(each["filename"])), each["test_id"]) for each in report["results"])


@pytest.mark.scanner("bandit")
@pytest.mark.skipif(not BANDIT.exists(), reason="bandit is not installed here: run `secaid setup --scanners`")
def test_every_approach_ends_the_finding_that_bandit_reports(code_cases, proposed, tmp_path):
    """The original fires (positive control) and each patched file no longer does."""
    before, after = tmp_path / "before", tmp_path / "after"
    approaches = []
    for number, case in enumerate(each for each in code_cases if each.tool == "bandit" and each.nothing is None):
        original = before / f"c{number}" / case.path
        original.parent.mkdir(parents=True)
        original.write_text(case.before, "utf-8")
        for candidate in proposed(case.target):
            patched = after / f"c{number}" / candidate.approach / case.path
            patched.parent.mkdir(parents=True)
            patched.write_bytes(apply_edits(case.before.encode(), candidate.edits))
            approaches.append((case, original.relative_to(before), patched.relative_to(after)))
    fired, fires = _scan(before), _scan(after)
    for case, original, patched in approaches:
        assert fired[str(original), case.rule], f"{case.name}: the original must fire"
        assert fires[str(patched), case.rule] < fired[str(original), case.rule], f"{patched} must not"
