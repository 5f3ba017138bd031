import datetime as dt
import json
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from daemon.domain.example import Split, Stage
from daemon.errors import ModelUnavailable, Permanent
from workers.llm.mlx import MlxModel, load
from workers.llm.model import Question
from workers.training.batches import Batches, encode
from workers.training.train import _measured, learned, train

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


@pytest.fixture
def run(tiny_model, tmp_path, settings, examples):
    """Train in `tmp_path/NAME` and give back the outcome and every reported loss."""

    def go(name, **changed):
        told = []
        arguments = {"examples": examples, "settings": settings} | changed
        chosen = arguments.pop("examples")
        trained = train(
            chosen,
            base=tiny_model,
            output=tmp_path / name / "fine-tuned",
            work=tmp_path / name / "work",
            name="tiny",
            on_progress=told.append,
            now=NOW,
            **arguments,
        )
        return trained, told

    return go


def test_two_stages_lower_the_validation_loss_and_leave_an_adapter_that_serves(run, tiny_model, settings):
    trained, told = run("one")
    assert trained.name == trained.path.name == "tiny_20260102_030405"
    assert [stage.stage for stage in trained.stages] == list(Stage)
    assert all(stage.loss_after < stage.loss_before for stage in trained.stages)
    assert trained.stages[1].loss_before != pytest.approx(trained.stages[0].loss_before)
    lora = json.loads((trained.path / "adapter_config.json").read_text())
    assert (lora["num_layers"], lora["lora_parameters"]) == (2, {"rank": 4, "scale": 20.0, "dropout": 0.0})
    card = (trained.path / "README.md").read_text()
    assert "base_model: tiny-olmo2" in card
    assert f"{trained.stages[1].loss_after:.3f}" in card
    losses = [(each.stage, each.iteration) for each in told if each.kind == "train"]
    expected = [(Stage.ANALYSIS, at + 1) for at in range(6)] + [(Stage.CODE_FIX, at + 1) for at in range(8)]
    assert losses == expected
    base, tuned = MlxModel(tiny_model), MlxModel(tiny_model, trained.path)
    asked = [Question("analysis: what about number 3?")]
    assert tuned.complete(asked, max_tokens=9)[0].text != base.complete(asked, max_tokens=9)[0].text


def test_a_finished_run_started_again_trains_nothing(run):
    first, _ = run("one")
    again, told = run("one")
    assert again == first
    assert told == []


def test_other_examples_start_afresh(run, examples):
    run("one")
    trained, told = run("one", examples=[*examples[:-1], msgspec.structs.replace(examples[-1], id="new")])
    assert len([each for each in told if each.kind == "train"]) == 14
    assert trained.name == "tiny_20260102_030406", "the first run's second is taken"


_VICTIM = """
import datetime as dt, os, signal, sys
from pathlib import Path
import msgspec
from daemon.domain.example import Example
from daemon.settings import Training
from workers.training.train import train

folder, base, stage, at = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
examples, settings = msgspec.json.decode((folder / "inputs.json").read_bytes(), type=tuple[list[Example], Training])

def told(progress):
    if (progress.stage, progress.iteration, progress.kind) == (stage, at, "train"):
        os.kill(os.getpid(), signal.SIGKILL)

train(examples, base=base, output=folder / "fine-tuned", work=folder / "work", name="tiny", settings=settings,
      on_progress=told, now=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
"""


@pytest.mark.parametrize(("stage", "at", "dropout"), [(Stage.ANALYSIS, 4, 0.0), (Stage.CODE_FIX, 5, 0.2)])
def test_a_killed_run_goes_on_and_ends_exactly_like_one_that_was_not(
    run, tmp_path, tiny_model, examples, settings, stage, at, dropout, monkeypatch
):
    settings = msgspec.structs.replace(settings, lora_dropout=dropout)
    folder = tmp_path / "killed"
    folder.mkdir()
    (folder / "inputs.json").write_bytes(msgspec.json.encode((examples, settings)))
    command = [sys.executable, "-c", _VICTIM, str(folder), str(tiny_model), stage, str(at)]
    died = subprocess.run(command, cwd=Path.cwd(), capture_output=True, check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert not (folder / "fine-tuned").exists()
    begun = json.loads((folder / "work" / "run.json").read_text())
    # What others do on this machine decides the number anew for each run, and it shows in the losses.
    monkeypatch.setattr("workers.training.train.affordable_now", lambda: begun["threads"])
    whole, every = run("whole", settings=settings)
    resumed, rest = run("killed", settings=settings)
    assert 0 < len(rest) < len(every)
    assert rest == every[len(every) - len(rest) :]
    weights = [(trained.path / "adapters.safetensors").read_bytes() for trained in (whole, resumed)]
    assert weights[0] == weights[1]
    assert resumed.name == whole.name


def test_what_progress_raises_ends_the_run_and_leaves_it_resumable(run, tmp_path, tiny_model, examples, settings):
    def lose(progress):
        if progress.iteration == 3:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        train(
            examples,
            base=tiny_model,
            output=tmp_path / "one" / "fine-tuned",
            work=tmp_path / "one" / "work",
            name="tiny",
            settings=settings,
            on_progress=lose,
            now=NOW,
        )
    _, rest = run("one")
    assert rest[0].iteration > 2


def test_nothing_to_learn_is_said_so(run, examples):
    held_out = [msgspec.structs.replace(example, split=Split.TEST) for example in examples]
    with pytest.raises(Permanent, match="nothing can be learned yet"):
        run("one", examples=held_out)


def test_examples_that_are_too_long_are_left_out_not_cut(run, settings):
    with pytest.raises(Permanent, match=r"training\.max_tokens"):
        run("one", settings=msgspec.structs.replace(settings, max_tokens=8))


def test_a_stage_without_examples_is_skipped(run, examples):
    trained, _ = run("one", examples=[example for example in examples if example.stage is Stage.CODE_FIX])
    assert [stage.stage for stage in trained.stages] == [Stage.CODE_FIX]


def test_stage_two_replays_a_share_of_stage_one(examples):
    assert len(learned(examples, Stage.ANALYSIS, 0.5)) == 9
    second = learned(examples, Stage.CODE_FIX, 0.34)
    assert [example.stage for example in second].count(Stage.ANALYSIS) == 3
    assert all(example.split is Split.TRAIN for example in second)


def test_the_prompt_is_masked_from_the_loss_and_padding_too(tiny_model, examples):
    from mlx_lm.tuner.trainer import default_loss

    model, tokenizer, _ = load(tiny_model)
    encoded = encode(examples[:4], tokenizer, 256)
    _, counted = default_loss(model, *next(Batches(0)(encoded, 4)))
    assert counted.item() == sum(len(each.tokens) - each.start for each in encoded)


def test_batches_can_be_named_without_drawing_the_ones_before(tiny_model, examples):
    encoded = encode(examples, load(tiny_model)[1], 256)

    def drawn(start, number):
        made = Batches(3, start)(encoded, 5, loop=True)
        return [next(made)[0].tolist() for _ in range(number)]

    assert drawn(0, 12)[7:] == drawn(7, 5)
    once = [len(lengths) for _, lengths in Batches(3)(encoded, 5)]
    assert sum(once) == len(encoded), "validation sees every example, the last and smaller batch too"


def test_a_damaged_checkpoint_is_refused_by_name(run, tmp_path):
    run("one")
    folder = tmp_path / "one"
    (folder / "work" / "code-fix" / "result.json").unlink()
    (folder / "fine-tuned").rename(folder / "old")
    newest = next((folder / "work" / "code-fix").glob("checkpoint-*"))
    (newest / "optimiser.safetensors").write_bytes(b"x")
    with pytest.raises(ModelUnavailable, match=r"checkpoint-0000008 cannot be read: .*Delete it"):
        run("one")


def test_without_a_short_enough_validation_example_the_loss_is_not_measured(run, examples):
    longer = [
        msgspec.structs.replace(each, prompt=each.prompt + " and on" * 400) if each.split is Split.VALID else each
        for each in examples
    ]
    trained, told = run("long", examples=longer)
    assert {(stage.loss_before, stage.loss_after) for stage in trained.stages} == {(None, None)}
    assert {each.kind for each in told} == {"train"}
    assert "not measured" in (trained.path / "README.md").read_text()


def test_a_diverging_stage_ends_with_what_to_do(run, settings):
    wild = msgspec.structs.replace(settings, stage1_learning_rate=1e30)
    with pytest.raises(Permanent, match=r"diverged.*Lower its learning rate"):
        run("wild", settings=wild)


def test_the_loss_is_measured_on_as_many_examples_as_wanted(examples, settings, tiny_model):
    _, tokenizer, _ = load(tiny_model)
    few = msgspec.structs.replace(settings, validation_examples=3)
    assert len(_measured(examples, tokenizer, few)) == 3
    assert _measured(examples, tokenizer, few) == _measured(list(reversed(examples)), tokenizer, few)
    assert len(_measured(examples, tokenizer, settings)) == len(examples)
