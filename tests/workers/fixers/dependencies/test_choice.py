"""Versions to go to, for all findings of one package at once."""

import pytest

from daemon.domain.finding import Finding, Location, Package
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree


def _finding(rule: str, *fixed: str) -> Finding:
    return Finding(
        tool="trivy",
        rule=rule,
        message="",
        severity=Severity.HIGH,
        category="dependency",
        package=Package(
            ecosystem="PyPI", name="urllib3", version="1.26.6", fixed_versions=fixed, manifest="requirements.txt"
        ),
        locations=(Location(path="requirements.txt"),),
    )


_OLD, _NEW = _finding("CVE-2000-0001", "1.26.19", "2.2.2"), _finding("CVE-2000-0002", "2.5.0")


@pytest.mark.parametrize(
    ("own", "other", "texts"),
    [
        (_OLD, _NEW, {"smallest-fixed": "==2.5.0", "installed-line": "==1.26.19", "compatible-range": ">=2.5.0,<3"}),
        (_NEW, _OLD, {"smallest-fixed": "==2.5.0", "compatible-range": ">=2.5.0,<3"}),
        (_OLD, _OLD, {"smallest-fixed": "==1.26.19", "newest-line": "==2.2.2", "compatible-range": ">=1.26.19,<2"}),
    ],
)
def test_a_step_on_the_installed_line_is_offered_where_all_findings_need_a_larger_one(own, other, texts):
    """Each says what it ends, and what it leaves."""
    tree = MemoryTree({"requirements.txt": b"urllib3==1.26.6\n"})
    made = propose(Target(finding=own, tree=tree, group=(other,))).candidates
    assert {one.approach: one.edits[0].text for one in made} == texts
    for one in made:
        if one.approach == "installed-line":
            assert one.explanation.endswith("It ends CVE-2000-0001.")
            assert any(said.startswith("CVE-2000-0002 stays") for said in one.warnings)
