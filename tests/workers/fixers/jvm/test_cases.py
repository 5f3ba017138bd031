"""Before and after of every fixer for Java, Kotlin and Android manifests."""

import pytest

from daemon.domain.edits import apply_edits
from workers.fixers.registry import NoFix
from workers.source.syntax import parse


def test_a_fixer_proposes_exactly_the_listed_fixes(code_case, proposed):
    """Each approach gives the text that the case shows, and parses; where nothing is sound it says why."""
    before = code_case.before.encode()
    if code_case.nothing is not None:
        with pytest.raises(NoFix, match=code_case.nothing):
            proposed(code_case.target)
        return
    candidates = proposed(code_case.target)
    after = {each.approach: apply_edits(before, each.edits).decode() for each in candidates}
    assert after == code_case.after
    for text in after.values():
        syntax = parse(text.encode(), code_case.path)
        assert syntax is None or not syntax.problems
