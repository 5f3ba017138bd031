"""Before and after of every workflow fixer."""

import pytest
import yaml

from daemon.domain.edits import apply_edits
from workers.fixers.registry import NoFix


def test_a_fixer_proposes_exactly_the_listed_fixes(code_case, proposed):
    """Each approach gives the text that the case shows, and still parses; where nothing is sound it says why."""
    before = code_case.before.encode()
    if code_case.nothing is not None:
        with pytest.raises(NoFix, match=code_case.nothing):
            proposed(code_case.target)
        return
    candidates = proposed(code_case.target)
    after = {each.approach: apply_edits(before, each.edits).decode() for each in candidates}
    assert after == code_case.after
    for text in after.values():
        yaml.safe_load(text)
