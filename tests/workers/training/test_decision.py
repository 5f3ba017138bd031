import math

import msgspec
import pytest

from daemon.domain.analysis import CodeContext
from daemon.domain.fix import Level, Verdict
from daemon.domain.release import Evaluation, ReleaseState
from workers.llm.edit import Change, EditQuestion, completion
from workers.llm.model import Completion
from workers.training.evaluate import evaluate, general_texts
from workers.training.promote import decide

CODE = b"a = 1\nb = 2\n"


def measured(verified, attempted=6, loss=3.0, applies=6):
    return Evaluation(model="m", attempted=attempted, applies=applies, verified=verified, general_loss=loss)


@pytest.mark.parametrize(
    ("base", "candidate", "state", "reason"),
    [
        (measured(0), measured(0), ReleaseState.KEPT_BASE, "kept the base: 0 of 6 against 0 of 6 verified"),
        (measured(2), measured(1), ReleaseState.KEPT_BASE, "1 of 6 against 2 of 6"),
        (measured(1), measured(3), ReleaseState.PROMOTED, "promoted: 3 of 6 against 1 of 6"),
        (measured(1), measured(3, loss=3.05), ReleaseState.PROMOTED, "general loss 3.050 against 3.000"),
        (measured(1), measured(3, loss=3.2), ReleaseState.KEPT_BASE, "but it forgot: general loss 3.200"),
        (measured(1), measured(3, loss=math.nan), ReleaseState.KEPT_BASE, "but it forgot"),
        (measured(1, 4), measured(3), ReleaseState.KEPT_BASE, "not asked the same findings"),
        (measured(0, 0), measured(0, 0), ReleaseState.KEPT_BASE, "no finding was held out"),
    ],
)
def test_a_candidate_is_promoted_only_when_it_fixes_more_and_forgets_nothing(base, candidate, state, reason):
    decision = decide(base, candidate)
    assert decision.state is state
    assert reason in decision.reason


class Scripted:
    name = identity = "scripted"

    def __init__(self, *replies):
        self.replies = replies

    def complete(self, questions, *, max_tokens, on_done=None):
        return [Completion(text=text, tokens=9, finished=True) for text in self.replies]

    def loss(self, texts):
        assert texts == general_texts()
        return 2.5


def test_every_finding_asked_about_counts_and_edits_are_verified_together(make_finding):
    context = CodeContext(path="app.py", language="python", start_line=1, text=CODE.decode())
    questions = [
        EditQuestion(finding=make_finding(message=f"number {at}"), context=context, content=CODE) for at in range(4)
    ]
    good = completion([Change("a = 1", "a = 2")], "It is another number.")
    model = Scripted(good, "not json", good, completion([Change("zzz", "y")], "It is not there."))
    calls = []

    def verify(tried):
        calls.append([finding.message for finding, _ in tried])
        return [Verdict(level=Level.PRESERVED, verified=True), Verdict(level=Level.NONE)]

    found = evaluate(questions, model, verify)
    assert calls == [["number 0", "number 2"]]
    assert (found.attempted, found.applies, found.verified, found.general_loss) == (4, 1, 1, 2.5)
    assert found.verified_rate == 0.25


def test_a_model_that_proposes_nothing_is_measured_without_a_scanner(make_finding):
    context = CodeContext(path="app.py", language="python", start_line=1, text=CODE.decode())
    question = EditQuestion(finding=make_finding(), context=context, content=CODE)
    found = evaluate([question], Scripted("{}"), lambda tried: pytest.fail("nothing to verify"))
    assert msgspec.structs.replace(found, model="") == Evaluation(
        model="", attempted=1, applies=0, verified=0, general_loss=2.5
    )
