import json

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from daemon.domain.analysis import CodeContext
from daemon.domain.edits import apply_edits
from daemon.domain.fix import Edit, FixSource
from daemon.errors import EditConflict
from daemon.masking import MASK
from workers.llm.edit import Change, EditQuestion, completion, propose_edits, to_changes, to_edits
from workers.llm.mlx import MlxModel
from workers.llm.model import Completion
from workers.llm.prompts import edit_schema, unique_blocks
from workers.llm.schema import token_budget

CODE = b"import os\n\ndef run(name):\n    os.system('ls ' + name)\n    return 0\n"


def context_of(content, start=1, lines=None):
    text = content.decode().replace("\r\n", "\n").split("\n")[start - 1 :]
    return CodeContext(path="app.py", language="python", start_line=start, text="\n".join(text[:lines]))


class Fixed:
    name = identity = "fixed"

    def __init__(self, *texts):
        self.texts = texts

    def complete(self, questions, *, max_tokens, on_done=None):
        return [Completion(text=text, tokens=9, finished=True) for text in self.texts[: len(questions)]]


def ask_about(finding, content, text):
    question = EditQuestion(finding=finding, context=context_of(content), content=content)
    return propose_edits([question], Fixed(text))[0]


def test_a_models_edit_becomes_a_candidate_that_applies(make_finding):
    change = Change("    os.system('ls ' + name)", "    os.listdir(name)")
    proposal = ask_about(make_finding(), CODE, completion([change], "Lists without a shell."))
    assert proposal.candidate.source is FixSource.MODEL
    assert b"os.listdir(name)\n    return 0" in apply_edits(CODE, proposal.candidate.edits)
    assert "read it" in proposal.candidate.warnings[0]


def test_crlf_files_keep_their_line_endings():
    content = CODE.replace(b"\n", b"\r\n")
    change = Change("def run(name):\n    os.system('ls ' + name)", "def run(name):\n    os.listdir(name)")
    edits = to_edits("app.py", content, [change], context_of(content))
    patched = apply_edits(content, edits)
    assert patched == content.replace(b"os.system('ls ' + name)", b"os.listdir(name)")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("os.popen(name)", "x", "is not in the code"),
        ("name", "x", "is not once in the code"),
        ("", "x", "the text to replace"),
        ("    return 0", "    return 0", "changes nothing"),
        (f"token = {MASK}", "x", "secret that was masked"),
    ],
)
def test_an_edit_that_cannot_apply_has_a_reason(make_finding, old, new, said):
    reply = json.dumps({"edits": [{"old": old, "new": new}], "explanation": "Because it is better."})
    if old in unique_blocks(context_of(CODE).text):
        assert said in ask_about(make_finding(), CODE, reply).reason
    with pytest.raises(EditConflict, match=said):
        to_edits("app.py", CODE, [Change(old, new)], context_of(CODE))


def test_text_outside_of_the_context_is_never_touched():
    content = b"a = 1\nb = 2\na = 1\n"
    edits = to_edits("app.py", content, [Change("a = 1", "a = 3")], context_of(content, 1, 2))
    assert apply_edits(content, edits) == b"a = 3\nb = 2\na = 1\n"


def test_a_schema_offers_only_lines_that_occur_once():
    text = "a = 1\n\nb = 2\na = 1\nc = '" + MASK + "'"
    blocks = unique_blocks(text)
    assert "b = 2" in blocks
    assert "a = 1" not in blocks
    assert not any(MASK in block for block in blocks)
    assert all(text.count(block) == 1 for block in blocks)


def test_code_without_a_unique_line_is_a_reason_not_an_error(make_finding):
    content = b"x\nx"
    question = EditQuestion(finding=make_finding(), context=context_of(content), content=content)
    blank = EditQuestion(finding=make_finding(), context=context_of(b"\n"), content=b"\n")
    first, second = propose_edits([question, blank], Fixed('{"edits":[],"explanation":""}'))
    assert first.reason
    assert "no line" in second.reason


def test_even_a_random_model_writes_an_edit_that_applies(make_finding, tiny_model):
    model = MlxModel(tiny_model)
    questions = [
        EditQuestion(finding=make_finding(message=f"number {at}"), context=context_of(CODE), content=CODE)
        for at in range(4)
    ]
    proposals = propose_edits(questions, model)
    made = [proposal.candidate for proposal in proposals if proposal.candidate]
    assert made, [proposal.reason for proposal in proposals]
    for candidate in made:
        assert apply_edits(CODE, candidate.edits) != CODE


def test_the_schema_of_an_edit_is_followed_by_the_examples_it_is_trained_on():
    import jsonschema

    change = Change("    return 0", "    return 1")
    jsonschema.validate(json.loads(completion([change], "It is another number.")), edit_schema(context_of(CODE)))


@st.composite
def _edited_files(draw):
    lines = draw(st.lists(st.sampled_from(["a = 1", "b = 2", "", "  call(x)", "# ü", "end"]), min_size=1, max_size=12))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    content = newline.join(lines).encode()
    # Where a character begins, and not between \r and \n: an editor cannot put a cursor elsewhere either.
    text = content.decode()
    places = [len(text[:at].encode()) for at in range(len(text) + 1) if text[at - 1 : at + 1] != "\r\n"]
    ends = (
        sorted(draw(st.lists(st.sampled_from(places), min_size=2, max_size=6, unique=True)))
        if len(places) > 1
        else [0, 0]
    )
    pairs = list(zip(ends[::2], ends[1::2], strict=False))
    new = draw(st.lists(st.sampled_from(["x", "", "new line", "ü"]), min_size=len(pairs), max_size=len(pairs)))
    return content, [Edit(path="app.py", start=a, end=b, text=text) for (a, b), text in zip(pairs, new, strict=True)]


@given(_edited_files())
@settings(max_examples=300, deadline=None)
def test_edits_written_as_old_and_new_text_come_back_as_the_same_patch(case):
    content, edits = case
    context = context_of(content)
    try:
        again = to_edits("app.py", content, to_changes(content, edits, context), context)
    except EditConflict:
        return
    assert apply_edits(content, again) == apply_edits(content, edits)


def test_an_edit_that_must_be_short_is_of_one_place_and_the_longest_one_fits() -> None:
    context = context_of(CODE + b"long = '" + b"x" * 300 + b"'\n")
    for room in (100, 140, 200):
        schema = edit_schema(context, room)
        assert schema["properties"]["edits"]["maxItems"] == 1
        assert token_budget(schema) <= 1.25 * room
    assert edit_schema(context)["properties"]["edits"]["maxItems"] == 2
