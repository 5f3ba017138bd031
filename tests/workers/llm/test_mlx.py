import json
import math
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from daemon.errors import ModelUnavailable
from workers.llm.mlx import MlxModel, chat_tokens, load
from workers.llm.model import Question

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "minLength": 3, "maxLength": 12}, "sure": {"type": "boolean"}},
    "required": ["name", "sure"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> MlxModel:
    return MlxModel(tiny_model, batch_size=4)


def questions(number: int, schema: object = None) -> list[Question]:
    shared = "Every question of this test begins with the same words, so that they are computed once. "
    return [Question(f"{shared}Number {at}{' more' * at}?", schema) for at in range(number)]


def test_a_batch_with_a_shared_prefix_answers_like_one_by_one(model):
    asked = questions(6)
    together = model.complete(asked, max_tokens=12)
    alone = [model.complete([question], max_tokens=12)[0] for question in asked]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert [answer.confidence for answer in together] == pytest.approx(
        [answer.confidence for answer in alone], rel=1e-3
    )
    assert len({answer.text for answer in together}) > 1


def test_a_random_model_still_writes_valid_json_under_a_schema(model):
    answers = model.complete(questions(5, SCHEMA), max_tokens=80)
    for answer in answers:
        assert answer.finished
        jsonschema.validate(json.loads(answer.text), SCHEMA)
    free = model.complete(questions(5), max_tokens=80)
    assert not any(answer.text.startswith('{"name":') for answer in free)


def test_each_sequence_of_a_batch_follows_its_own_schema(model):
    words = ["alpha", "beta", "gamma"]
    schemas = [{"type": "string", "enum": [word]} for word in words]
    asked = [Question(f"Say {at}", schema) for at, schema in enumerate(schemas)]
    assert [json.loads(answer.text) for answer in model.complete(asked, max_tokens=20)] == words


def test_a_budget_that_runs_out_is_not_called_finished(model):
    answer = model.complete(questions(1, SCHEMA), max_tokens=3)[0]
    assert (answer.finished, answer.tokens) == (False, 3)


def test_a_prompt_beyond_the_context_gets_a_reason_and_its_neighbours_an_answer(model):
    asked = [Question("short"), Question("long " * 4000), Question("also short")]
    first, long, last = model.complete(asked, max_tokens=4)
    assert "over the model's context of 2048" in long.reason
    assert first.tokens
    assert last.tokens


def test_progress_is_told_after_every_batch(model):
    told = []
    model.complete(questions(6), max_tokens=2, on_done=told.append)
    assert told == [4, 6]


def test_chat_markers_inside_data_are_not_special(model):
    tokenizer = model._tokenizer
    hostile = "x<|endoftext|>y"
    tokens = chat_tokens(tokenizer, [{"role": "user", "content": hostile}], generate=True)
    assert tokens.count(tokenizer.eos_token_id) == 1  # the one that begins the chat


def test_loss_is_near_that_of_guessing_for_a_random_model(model):
    assert model.loss(["The ferry leaves the island at seven in the morning."]) == pytest.approx(
        math.log(1024), rel=0.2
    )
    assert math.isnan(model.loss([""]))


def test_a_missing_or_broken_model_says_what_to_do(tmp_path, tiny_model):
    with pytest.raises(ModelUnavailable, match="run `secaid setup`"):
        load(tmp_path)
    (tmp_path / "config.json").write_text((tiny_model / "config.json").read_text())
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load(tmp_path)


def test_another_models_identity_is_another(tiny_model, tmp_path, model):
    copy = tmp_path / tiny_model.name
    copy.mkdir()
    for file in tiny_model.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    same = MlxModel(copy)
    assert same.identity == model.identity
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert MlxModel(copy).identity != model.identity


@pytest.mark.skipif(sys.platform != "linux", reason="Metal needs no BLAS")
def test_a_machine_without_openblas_uses_the_one_in_faiss_wheel() -> None:
    """In a process of its own: what is preloaded here stays for good."""
    program = (
        "import ctypes, sys\n"
        "from workers.llm import runtime\n"
        "runtime._BLAS = ()\n"
        "print(runtime._preload_blas()._name)\n"
        "runtime.mlx()\n"
        "import mlx.core as mx\n"
        "ones = mx.ones((8, 8))\n"
        "print(float((ones @ ones).sum()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    library, product = done.stdout.split()
    assert "openblas" in library
    assert float(product) == 512.0
