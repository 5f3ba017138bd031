"""Every approach to a Compose file, re-scanned by Semgrep with rules of the same meaning, and nothing else changed."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from daemon.domain.edits import apply_edits
from workers.verify.structure.preserved import preservation

SCANNERS = Path(".secaid/scanners").absolute()
PLACES = [SCANNERS / name / "bin" / "semgrep" for name in ("semgrep", "njsscan", "mobsfscan")]
SEMGREP = next((place for place in PLACES if place.exists()), None)
RULES = Path(__file__).with_name("rules.yml")


def test_only_the_declared_keys_change(code_cases, proposed):
    """L3's own comparison, for every approach."""
    for case in code_cases:
        if case.nothing is None:
            before = case.before.encode()
            for each in proposed(case.target):
                after = apply_edits(before, each.edits)
                kept = preservation(case.path, before, after, each.edits, each.declares, [])
                assert kept.violations == (), (case.name, each.approach)


def _scan(folder: Path) -> Counter[tuple[str, str]]:
    assert SEMGREP is not None
    environment = os.environ | {"PATH": f"{SEMGREP.parent}:{os.environ['PATH']}", "SEMGREP_SEND_METRICS": "off"}
    command = [str(SEMGREP), "scan", "--metrics=off", "--disable-version-check", "--no-git-ignore", "-j1", "--json"]
    run = subprocess.run(
        [*command, "--config", str(RULES), "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        timeout=280,
    )
    report = json.loads(run.stdout)
    assert [each for each in report["errors"] if each["level"] == "error"] == []
    return Counter((each["path"], each["check_id"].rpartition(".")[2]) for each in report["results"])


@pytest.mark.scanner("semgrep")
@pytest.mark.skipif(SEMGREP is None, reason="semgrep is not installed here: run `secaid setup --scanners`")
def test_every_approach_ends_the_finding_that_semgrep_reports(code_cases, proposed, tmp_path):
    """The original fires (positive control) and each patched file fires less."""
    approaches = []
    for number, case in enumerate(each for each in code_cases if each.nothing is None):
        original = tmp_path / "before" / f"c{number}" / case.path
        original.parent.mkdir(parents=True)
        original.write_text(case.before, "utf-8")
        for candidate in proposed(case.target):
            patched = tmp_path / "after" / f"c{number}" / candidate.approach / case.path
            patched.parent.mkdir(parents=True)
            patched.write_bytes(apply_edits(case.before.encode(), candidate.edits))
            approaches.append((case, original.relative_to(tmp_path), patched.relative_to(tmp_path)))
    found = _scan(tmp_path)
    silent = sorted({case.name for case, original, _ in approaches if not found[original.as_posix(), case.rule]})
    assert silent == [], "the originals must fire"
    left = [str(patched) for case, _, patched in approaches if found[patched.as_posix(), case.rule]]
    assert left == [], "the patched files must not"
