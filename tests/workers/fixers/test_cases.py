"""Before and after of every fixer that works on code, from the case files of all languages."""

import pytest

from daemon.domain.edits import apply_edits
from workers.fixers.registry import NoFix
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
