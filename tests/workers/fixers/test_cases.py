"""Before and after of every fixer that works on code, from the case files of all languages."""

import pytest

from daemon.domain.edits import apply_edits
from workers.fixers.propose import propose
from workers.fixers.registry import NoFix, Target
from workers.source.tree import MemoryTree
from workers.verify.parsing import new_problem


def test_a_fixer_proposes_exactly_the_listed_fixes(code_case, proposed):
    """Each approach gives the text that the case shows, and parses; where nothing is sound it says why."""
    before = code_case.before.encode()
    if code_case.nothing is not None:
        with pytest.raises(NoFix) as refused:
            proposed(code_case.target)
        assert code_case.nothing in str(refused.value)
        return
    candidates = proposed(code_case.target)
    after = {each.approach: apply_edits(before, each.edits).decode() for each in candidates}
    assert after == code_case.after
    for text in after.values():
        assert new_problem(code_case.path, before, text.encode()) is None


def test_a_file_with_windows_line_endings_keeps_them_on_every_line(code_case):
    """Whatever is proposed for it: no line ends otherwise, and none twice."""
    before = code_case.before.replace("\n", "\r\n").encode()
    proposal = propose(Target(finding=code_case.finding, tree=MemoryTree({code_case.path: before})))
    for candidate in proposal.candidates:
        after = apply_edits(before, candidate.edits)
        assert after.count(b"\n") == after.count(b"\r\n") == after.count(b"\r"), candidate.approach
