"""Weak manifests and modules: every approach to what checkov reports about them ends it, and keeps the rest."""

import dataclasses
import json
import re
import subprocess
from pathlib import Path

import pytest

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import fixers_for, propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree
from workers.verify.structure.preserved import preservation

CHECKOV = Path(".secaid/scanners/checkov/bin/checkov").absolute()
HERE = Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Failed:
    folder: str
    path: str
    rule: str
    resource: str
    line: int
    last_line: int


def _scan(root: Path) -> set[Failed]:
    """What checkov reports below each folder of `root`."""
    command = [
        str(CHECKOV),
        "-d",
        ".",
        "--framework",
        "kubernetes",
        "terraform",
        "cloudformation",
        "-o",
        "json",
        "--quiet",
        "--compact",
    ]
    run = subprocess.run(command, cwd=root, capture_output=True, check=False, timeout=280)
    report = json.loads(run.stdout)
    found = set()
    for part in report if isinstance(report, list) else [report]:
        assert not part["results"].get("parsing_errors")
        for each in part["results"]["failed_checks"]:
            folder, _, path = each["repo_file_path"].lstrip("/").partition("/")
            first, last = each["file_line_range"]
            found.add(Failed(folder, path, each["check_id"], each["resource"], first, last))
    return found


def _finding(failed: Failed) -> Finding:
    region = Region(start_line=failed.line, end_line=failed.last_line)
    return Finding(
        tool="checkov",
        rule=failed.rule,
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path=failed.path, region=region),),
    )


@pytest.mark.scanner("checkov")
@pytest.mark.skipif(not CHECKOV.exists(), reason="checkov is not installed here: run `secaid setup --scanners`")
@pytest.mark.parametrize(("kind", "rules"), [("kubernetes", 25), ("terraform", 80), ("cloudformation", 30)])
def test_every_approach_ends_what_checkov_reports_and_keeps_the_rest(kind, rules, tmp_path):
    """One scan of the weak files, one of all their patched copies."""
    modules = dict(_modules(kind))
    for folder, files in modules.items():
        _write(tmp_path / "before" / folder, files)
    known = [each for each in _scan(tmp_path / "before") if _changes(each)]
    assert len({each.rule for each in known}) >= rules
    tried, reasons = {}, {}
    for number, failed in enumerate(sorted(known, key=dataclasses.astuple)):
        files = modules[failed.folder]
        proposal = propose(Target(finding=_finding(failed), tree=MemoryTree(files)))
        assert "failed on this file" not in (proposal.reason or "")
        if not proposal.candidates:
            reasons[failed.rule, failed.resource] = proposal.reason
        for candidate in proposal.candidates:
            folder = f"p{number}-{candidate.approach}"
            tried[folder] = failed
            _write(tmp_path / "after" / folder, _patched(files, candidate))
    left = {(each.folder, each.path, each.rule, each.resource) for each in _scan(tmp_path / "after")}
    stay = [
        f"{failed.rule} {failed.resource}: {folder}"
        for folder, failed in tried.items()
        if (folder, failed.path, failed.rule, failed.resource) in left
    ]
    assert stay == [], "\n".join(stay)
    assert len(reasons) <= 0.2 * len(known), reasons


def _changes(failed):
    """Whether a fixer knows the rule that may change something: others only say what a person has to decide."""
    return any(not one.for_a_person for one in fixers_for(_finding(failed)))


def _modules(kind):
    """Each manifest, and each resource of a module, in a folder of its own: small files are scanned fast."""
    for path in sorted((HERE / kind / "weak").iterdir()):
        parts = re.split(rb"(?<=}\n)\n", path.read_bytes()) if path.suffix == ".tf" else [path.read_bytes()]
        for number, part in enumerate(parts):
            yield f"{path.stem}{number}", {path.name: part}


def _write(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _patched(files, candidate):
    patched = dict(files)
    for path in candidate.paths:
        edits = [edit for edit in candidate.edits if edit.path == path]
        before = files[path]
        patched[path] = apply_edits(before, edits)
        kept = preservation(path, before, patched[path], edits, candidate.declares, [])
        assert kept.violations == (), (candidate.approach, kept.violations)
        assert before.endswith(b"\n") == patched[path].endswith(b"\n")
        assert all(line in patched[path] for line in before.splitlines() if line.lstrip().startswith(b"#"))
    return patched
