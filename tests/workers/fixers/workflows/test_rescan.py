"""Every approach, re-scanned by zizmor, and looked at by actionlint: one start each for all cases."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from daemon.domain.edits import apply_edits

SCANNERS = Path(".secaid/scanners").absolute()
ZIZMOR = SCANNERS / "zizmor" / "bin" / "zizmor"
ACTIONLINT = SCANNERS / "actionlint" / "bin" / "actionlint"
SCANNED = {"zizmor"}


def _lay_out(cases, proposed, folder: Path) -> list[tuple[str, str, str]]:
    """Every original and every patched file, each at its own path: rule, original, patched."""
    laid = []
    for number, case in enumerate(each for each in cases if each.tool in SCANNED and each.nothing is None):
        original = folder / f"c{number}" / "before" / case.path
        original.parent.mkdir(parents=True)
        original.write_text(case.before, "utf-8")
        for candidate in proposed(case.target):
            patched = folder / f"c{number}" / candidate.approach / case.path
            patched.parent.mkdir(parents=True)
            patched.write_bytes(apply_edits(case.before.encode(), candidate.edits))
            laid.append((case.rule, original.relative_to(folder).as_posix(), patched.relative_to(folder).as_posix()))
    return laid


def _zizmor(folder: Path, persona: str) -> Counter[tuple[str, str]]:
    options = [
        f"--persona={persona}",
        "--offline",
        "--no-config",
        "--no-exit-codes",
        "--no-progress",
        "--format=json-v1",
        ".",
    ]
    run = subprocess.run([str(ZIZMOR), *options], cwd=folder, capture_output=True, check=True, timeout=120)
    found: Counter[tuple[str, str]] = Counter()
    for each in json.loads(run.stdout):
        paths = {place["symbolic"]["key"]["Local"]["verbatim_path"].removeprefix("./") for place in each["locations"]}
        found.update((path, each["ident"]) for path in paths)
    return found


@pytest.mark.scanner("zizmor")
@pytest.mark.skipif(not ZIZMOR.exists(), reason="zizmor is not installed here: run `secaid setup --scanners`")
def test_every_approach_ends_the_finding_that_zizmor_reports(code_cases, proposed, tmp_path):
    """The original fires (positive control), for the strict at least, and each patched file does so less often."""
    laid = _lay_out(code_cases, proposed, tmp_path)
    regular, strict = _zizmor(tmp_path, "regular"), _zizmor(tmp_path, "pedantic")
    compared = [(regular if regular[original, rule] else strict, rule, original, patched)
                for rule, original, patched in laid]  # fmt: skip
    assert [original for found, rule, original, _ in compared if not found[original, rule]] == [], "originals must fire"
    left = [patched for found, rule, original, patched in compared if found[patched, rule] >= found[original, rule]]
    assert left == [], "the patched files must not"


@pytest.mark.scanner("actionlint")
@pytest.mark.skipif(not ACTIONLINT.exists(), reason="actionlint is not installed here: run `secaid setup --scanners`")
def test_no_approach_makes_a_mistake_that_actionlint_knows(code_cases, proposed, tmp_path):
    """Nothing is said of a patched workflow that was not said of the original."""
    laid = [each for each in _lay_out(code_cases, proposed, tmp_path) if "/workflows/" in each[1]]
    files = sorted({path for _, original, patched in laid for path in (original, patched)})
    options = ["-shellcheck=", "-pyflakes=", "-no-color", "-format", "{{json .}}"]
    run = subprocess.run(
        [str(ACTIONLINT), *options, *files], cwd=tmp_path, capture_output=True, check=False, timeout=120
    )
    said: dict[str, Counter[str]] = {path: Counter() for path in files}
    for each in json.loads(run.stdout):
        said[each["filepath"]][each["kind"]] += 1
    worse = [(patched, said[patched] - said[original]) for _, original, patched in laid]
    assert [(path, kinds) for path, kinds in worse if kinds] == []
