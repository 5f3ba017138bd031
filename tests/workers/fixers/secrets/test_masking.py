"""A credential is never repeated by what is said about it."""

from daemon.domain.edits import apply_edits
from workers.fixers.propose import propose

VALUE = "q9X2vB7nK4mZ8wT1"


def test_no_candidate_names_the_value_outside_of_the_lines_it_removes(code_case):
    """Neither reason, explanation, warnings and declarations nor the patched file hold the value."""
    proposal = propose(code_case.target)
    assert VALUE not in str(proposal.reason)
    for each in proposal.candidates:
        said = " ".join((each.explanation, each.approach, *each.declares, *each.warnings))
        assert VALUE not in said
        assert VALUE.encode() not in apply_edits(code_case.before.encode(), each.edits)
        assert "secret:masked" in each.declares
        assert "Rotate" in said
