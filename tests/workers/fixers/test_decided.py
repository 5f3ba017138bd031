"""Findings on which the authors have decided beside the code."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree


def _proposal(text, rule="B501", line=3):
    where = Location(path="a.py", region=Region(start_line=line, end_line=line))
    finding = Finding(tool="bandit", rule=rule, message="", severity=Severity.HIGH, locations=(where,))
    return propose(Target(finding=finding, tree=MemoryTree({"a.py": text.encode()})))


@pytest.mark.parametrize(
    ("remark", "harmless"),
    [
        ("  # noqa: S501", True),
        ("  # noqa: E501, S501 - must see hosts with bad certificates", True),
        ("  # off on purpose: hosts with bad certificates have to be seen", False),
    ],
)
def test_what_the_authors_decided_stays(remark, harmless):
    found = _proposal(f"import requests\n\nrequests.get(url, verify=False){remark}\n")
    assert not found.candidates
    assert found.harmless is harmless
    assert "decided" in found.reason or "on purpose" in found.reason


@pytest.mark.parametrize("remark", ["", "  # noqa: E501", "  # noqa: S113", "  # checks the certificate"])
def test_other_remarks_decide_nothing(remark):
    assert _proposal(f"import requests\n\nrequests.get(url, verify=False){remark}\n").candidates


def test_words_above_the_line_count():
    found = _proposal("import requests\n\n# Deliberately unchecked.\nrequests.get(url, verify=False)\n", line=4)
    assert not found.candidates
    assert "(`Deliberately unchecked.`)" in found.reason
