"""Which literal of several bandit means."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

ANSWER = b"""def answer():
    return {
        "token_type": "Bearer",
        "access_token": "q9X2vB7nK4mZ8wT1",
        "token": {"ver": "2.0"},
    }
"""


@pytest.mark.parametrize(("line", "changed"), [(3, None), (4, b'        "access_token": "q9X2vB7nK4mZ8wT1",')])
def test_of_a_dictionary_the_literal_at_the_first_line_is_meant(line: int, changed: bytes | None) -> None:
    region = Region(start_line=line, end_line=6)
    finding = Finding(
        tool="bandit",
        rule="B105",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="app.py", region=region),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({"app.py": ANSWER})))
    assert proposal.harmless is (changed is None)
    for candidate in proposal.candidates:
        touched = {
            ANSWER.splitlines()[ANSWER[: edit.start].count(b"\n")] for edit in candidate.edits if edit.end > edit.start
        }
        assert touched == {changed}
