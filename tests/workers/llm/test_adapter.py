import json
import shutil

import pytest

from daemon.errors import ModelUnavailable
from workers.llm import mlx as llm
from workers.llm.adapter import CONFIG, WEIGHTS, Lora, add_layers
from workers.llm.model import Question
from workers.llm.runtime import mlx


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory):
    """An adapter with weights that change what the model says."""
    from mlx.utils import tree_flatten

    mx = mlx()
    folder = tmp_path_factory.mktemp("adapters") / "tuned_20260101_000000"
    folder.mkdir()
    model, _, _ = llm.load(tiny_model)
    lora = Lora(layers=2, rank=4, scale=10.0)
    add_layers(model, lora)
    mx.random.seed(3)
    weights = {name: mx.random.normal(leaf.shape) for name, leaf in tree_flatten(model.trainable_parameters())}
    mx.save_safetensors(str(folder / WEIGHTS), weights)
    (folder / CONFIG).write_text(json.dumps(lora.config(str(tiny_model))))
    return folder


@pytest.fixture
def broken(adapter, tmp_path):
    """A copy to damage: a function that rewrites its tensors."""

    def damage(change):
        folder = tmp_path / "broken"
        shutil.copytree(adapter, folder)
        weights = dict(mlx().load(str(folder / WEIGHTS)))
        change(weights)
        mlx().save_safetensors(str(folder / WEIGHTS), weights)
        return folder

    return damage


def test_an_adapter_changes_what_the_model_says_and_who_it_is(tiny_model, adapter):
    base, tuned = llm.MlxModel(tiny_model), llm.MlxModel(tiny_model, adapter)
    asked = [Question("What is it?")]
    assert base.complete(asked, max_tokens=8)[0].text != tuned.complete(asked, max_tokens=8)[0].text
    assert tuned.name == "tiny-olmo2+tuned_20260101_000000"
    assert base.identity != tuned.identity


def test_a_base_model_that_gets_its_adapter_later_is_the_same_model(tiny_model, adapter):
    later, at_once = llm.MlxModel(tiny_model), llm.MlxModel(tiny_model, adapter)
    later.attach(adapter)
    assert (later.name, later.identity) == (at_once.name, at_once.identity)
    asked = [Question("What is it?")]
    assert later.complete(asked, max_tokens=8) == at_once.complete(asked, max_tokens=8)


def test_mlx_lm_itself_loads_the_adapter_alike(tiny_model, adapter):
    from mlx_lm.utils import load as mlx_lm_load

    mx = mlx()
    theirs, tokenizer = mlx_lm_load(str(tiny_model), adapter_path=str(adapter))
    ours = llm.MlxModel(tiny_model, adapter)
    tokens = mx.array([tokenizer.encode("The same words for both.")])
    assert mx.allclose(theirs(tokens), ours._model(tokens), atol=1e-4).item()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda weights: weights.pop(min(weights)), "is missing"),
        (lambda weights: weights.update(extra=mlx().zeros(2)), "extra is not one of its tensors"),
        (lambda weights: weights.update({min(weights): mlx().zeros((2, 2))}), "has shape"),
        (lambda weights: weights.update({min(weights): weights[min(weights)] * float("nan")}), "is not finite"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused_by_name(tiny_model, broken, change, said):
    with pytest.raises(ModelUnavailable, match=said):
        llm.MlxModel(tiny_model, broken(change))


def test_truncated_and_missing_files_are_refused(tiny_model, adapter, tmp_path):
    with pytest.raises(ModelUnavailable, match="holds no readable adapter"):
        llm.MlxModel(tiny_model, tmp_path)
    folder = tmp_path / "cut"
    shutil.copytree(adapter, folder)
    (folder / WEIGHTS).write_bytes((adapter / WEIGHTS).read_bytes()[:100])
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        llm.MlxModel(tiny_model, folder)
