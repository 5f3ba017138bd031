import json

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from daemon.domain.analysis import Analysis, AnalysisSource, CodeContext
from daemon.domain.edits import apply_edits
from daemon.domain.example import Example, Split, Stage
from daemon.domain.fix import Candidate, Edit, Fix, Level, Verdict
from workers.dataset.examples import Material, make_examples, normalised
from workers.dataset.export import export
from workers.dataset.split import held_out, side, split
from workers.llm.edit import Change, to_edits

CODE = b"import os\n\nos.system('ls ' + name)\n"
EDIT = Edit(path="app.py", start=11, end=20, text="os.listdir")
CONTEXT = CodeContext(path="app.py", language="python", start_line=1, text=CODE.decode())
SAID = Analysis(impact="Runs commands.", remediation="Do something.", prevention="Look.", confidence=0.9)


def a_fix(*edits, verified=True, score=0.9, explanation="Lists without a shell. It costs nothing."):
    candidate = Candidate(approach="list", edits=edits or (EDIT,), explanation=explanation)
    return Fix(candidate=candidate, verdict=Verdict(level=Level.PRESERVED, verified=verified, score=score), patch="")


@pytest.fixture
def material(make_finding):
    def make(**fields):
        defaults = {"finding_id": "f1", "finding": make_finding(), "context": CONTEXT, "content": CODE}
        return Material(**(defaults | {"analysis": SAID, "fixes": (a_fix(),)} | fields))

    return make


def test_a_verified_fix_teaches_both_stages(material):
    by_stage = {example.stage: example for example in make_examples([material()])}
    explained = json.loads(by_stage[Stage.ANALYSIS].completion)
    assert explained == {"impact": "Runs commands.", "remediation": "Lists without a shell.", "prevention": "Look."}
    written = json.loads(by_stage[Stage.CODE_FIX].completion)
    changes = [Change(edit["old"], edit["new"]) for edit in written["edits"]]
    assert apply_edits(CODE, to_edits("app.py", CODE, changes, CONTEXT)) == apply_edits(CODE, [EDIT])
    assert by_stage[Stage.CODE_FIX].score == 0.9


def test_nothing_unverified_is_learned(material):
    assert make_examples([material(fixes=()), material(fixes=(a_fix(verified=False),))]) == []


def test_the_best_verified_fix_is_the_one_that_teaches(material):
    worse = a_fix(msgspec_edit("os.scandir"), score=0.8, explanation="Scans the folder.")
    fix = [example for example in make_examples([material(fixes=(worse, a_fix()))]) if example.stage is Stage.CODE_FIX]
    assert len(fix) == 1
    assert "os.listdir" in fix[0].completion


def msgspec_edit(text):
    return Edit(path="app.py", start=11, end=20, text=text)


def test_a_model_is_not_taught_its_own_guesses(material):
    unsure = Analysis(impact="Perhaps bad.", remediation="x", prevention="y", confidence=0.3)
    help_text = Analysis(impact="From the rule.", remediation="x", prevention="y", source=AnalysisSource.RULE)
    taught = [
        json.loads(make_examples([material(analysis=analysis)])[at].completion).get("impact")
        for analysis in (unsure, help_text)
        for at in (0, 1)
    ]
    assert "Perhaps bad." not in taught
    assert "From the rule." in taught


def test_fixes_that_a_model_could_not_write_teach_the_explanation_only(material):
    elsewhere = a_fix(EDIT, Edit(path="other.py", start=0, end=0, text="x"))
    beyond = a_fix(Edit(path="app.py", start=0, end=3, text="x"))
    narrow = CodeContext(path="app.py", language="python", start_line=3, text="os.system('ls ' + name)")
    for one in (material(fixes=(elsewhere,)), material(fixes=(beyond,), context=narrow), material(content=None)):
        assert [example.stage for example in make_examples([one])] == [Stage.ANALYSIS]


def test_secrets_are_neither_asked_about_nor_taught(material):
    content = b"password = 'hunter2hunter2'\nos.system(x)\n"
    context = CodeContext(
        path="app.py", language="python", start_line=1, text="password = '[secret masked]'\nos.system(x)"
    )
    edit = Edit(path="app.py", start=12, end=26, text="correct-horse-staple")
    made = make_examples([material(content=content, context=context, fixes=(a_fix(edit),))])
    assert "hunter2" not in repr(made)
    assert "correct-horse" not in repr(made)


def test_equal_examples_are_kept_once(material):
    assert len(make_examples([material(), material()])) == 2


def test_copies_that_differ_in_numbers_and_spacing_are_one_cluster():
    assert normalised("x  = 12\n") == normalised("X = 7")
    assert normalised("x = y") != normalised("x = z")


@st.composite
def _examples(draw):
    made = []
    for number in range(draw(st.integers(0, 40))):
        rule, code, finding = (draw(st.integers(0, 9)) for _ in range(3))
        stage = draw(st.sampled_from(list(Stage)))
        change = draw(st.integers(0, 12))
        made.append(
            Example(
                id=f"{number:04}",
                stage=stage,
                prompt="p",
                completion=f'{{"edits":"{"abcdefghijklm"[change]}"}}',
                cluster=f"tool/r{rule}:{code}",
                finding_id=f"f{finding}" if draw(st.booleans()) else f"only{number}",
                score=1.0,
            )
        )
    return made


@given(_examples())
@settings(max_examples=200, deadline=None)
def test_nothing_leaks_through_a_split(examples):
    done = split(examples)
    assert [example.id for example in done] == [example.id for example in examples]
    shared = {
        "cluster": lambda example: example.cluster,
        "code": lambda example: example.cluster.split(":")[1],
        "finding": lambda example: example.finding_id,
        "change": lambda example: example.completion if example.stage is Stage.CODE_FIX else example.id,
    }
    for name, key in shared.items():
        sides = {}
        for example in done:
            sides.setdefault(key(example), set()).add(example.split)
        assert all(len(found) == 1 for found in sides.values()), name


@given(_examples(), st.randoms())
@settings(max_examples=100, deadline=None)
def test_a_split_does_not_depend_on_the_order(examples, random):
    shuffled = list(examples)
    random.shuffle(shuffled)
    assert sorted(split(shuffled), key=lambda each: each.id) == split(examples)


def unrelated(number):
    return [
        Example(
            id=str(at), stage=Stage.CODE_FIX, prompt="p", completion=f"c{chr(97 + at % 26)}{chr(97 + at // 26)}",
            cluster=f"r:{at:x}z", finding_id=f"f{at}", score=1.0,
        )
        for at in range(number)
    ]  # fmt: skip


@pytest.mark.parametrize("number", [3, 4, 10, 60])
def test_three_groups_leave_no_side_empty(number):
    done = split(unrelated(number))
    assert all(side(done, which) for which in Split)
    assert held_out(done)


def test_most_groups_stay_where_they_are_as_others_come():
    few, many = split(unrelated(60)), {example.id: example.split for example in split(unrelated(120))}
    assert sum(many[example.id] is not example.split for example in few) <= 2


def test_an_export_is_what_mlx_lm_reads_and_replaces_the_one_before(tmp_path, tiny_model):
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "stale").write_text("x")
    export(split(unrelated(10)), folder)
    assert not (folder / "stale").exists()
    lines = (folder / "code-fix" / "train.jsonl").read_text().splitlines()
    assert [message["role"] for message in json.loads(lines[0])["messages"]] == ["user", "assistant"]
    assert f"| code-fix | {len(lines)} |" in (folder / "README.md").read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["dataset"]

    import types

    from mlx_lm.tuner.datasets import load_dataset

    from workers.llm.mlx import load

    arguments = types.SimpleNamespace(data=str(folder / "code-fix"), train=True, test=False, mask_prompt=True)
    train, valid, _ = load_dataset(arguments, load(tiny_model)[1])
    assert (len(train), len(valid)) == (len(lines), len(side(split(unrelated(10)), Split.VALID)))
