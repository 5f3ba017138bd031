"""A shell's call that a test of the repository expects word for word."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

CODE = b'import subprocess\nsubprocess.check_call("gcloud builds submit", shell=True)\n'
EXPECTS = b'from unittest import mock\nimport publish\nCALLS = [mock.call("gcloud builds submit", shell=True)]\n'


@pytest.mark.parametrize(
    ("path", "content", "declined"),
    [
        ("tests/test_publish.py", EXPECTS, True),
        ("tests/test_other.py", EXPECTS.replace(b"publish", b"other"), False),
        ("tests/test_publish.py", EXPECTS.replace(b", shell=True", b""), False),
        ("docs/publish.py", EXPECTS, False),
    ],
    ids=["expected", "of another module", "without a shell", "no test"],
)
def test_a_call_that_a_test_expects_is_changed_with_it_or_not_at_all(path, content, declined):
    region = Region(start_line=2)
    finding = Finding(
        tool="bandit",
        rule="B602",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path="publish.py", region=region),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({"publish.py": CODE, path: content})))
    assert (not proposal.candidates and "change both together" in (proposal.reason or "")) is declined
