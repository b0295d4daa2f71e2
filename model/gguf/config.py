"""GGUF metadata -> the values of a Hugging Face `config.json`.

Keys: ggml's `docs/gguf.md`; what each architecture means by them: llama.cpp's `src/models/*.cpp`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from model.errors import CheckpointError
from model.gguf.file import GgufFile
from model.gguf.metadata import TOKENS, Metadata
from model.gguf.rope import rope_parameters

# The end-of-turn and end-of-text tokens of the families here; generation settings end at both.
END_TOKENS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>")
Values = dict[str, Any]


def qwen2(metadata: Metadata) -> Values:
    """A dense Qwen2."""
    return _common(metadata, "qwen2", "Qwen2ForCausalLM")


def llama(metadata: Metadata) -> Values:
    """A dense Llama, or Mixtral, which llama.cpp takes for a Llama with experts."""
    if metadata.get("expert_count", 0) == 0:
        return _common(metadata, "llama", "LlamaForCausalLM") | {"head_dim": metadata.head_width}
    values = _common(metadata, "mixtral", "MixtralForCausalLM") | {"head_dim": metadata.head_width}
    return values | _experts(metadata, "num_local_experts") | {"sliding_window": None}


def qwen2_moe(metadata: Metadata) -> Values:
    """Qwen2 with routed experts and one gated shared expert."""
    return (
        _common(metadata, "qwen2_moe", "Qwen2MoeForCausalLM")
        | _qwen_experts(metadata)
        | {
            "shared_expert_intermediate_size": metadata.width("blk.0.ffn_gate_shexp.weight"),
            "norm_topk_prob": False,
        }
    )


def qwen3(metadata: Metadata) -> Values:
    """A dense Qwen3: normalised queries and keys."""
    return _common(metadata, "qwen3", "Qwen3ForCausalLM") | {"head_dim": metadata.head_width}


def qwen3_moe(metadata: Metadata) -> Values:
    """Qwen3 with routed experts: normalised queries and keys, no shared expert."""
    return (
        _common(metadata, "qwen3_moe", "Qwen3MoeForCausalLM")
        | {"head_dim": metadata.head_width}
        | _qwen_experts(metadata)
        | {"norm_topk_prob": True}
    )


def olmoe(metadata: Metadata) -> Values:
    """OLMoE; its one feed-forward width is an expert's."""
    values = _common(metadata, "olmoe", "OlmoeForCausalLM")
    return values | _experts(metadata, "num_experts") | {"norm_topk_prob": False}


def granite_moe(metadata: Metadata) -> Values:
    """Granite's MoE, with a shared expert or without."""
    values = _common(metadata, "granitemoe", "GraniteMoeForCausalLM")
    if "blk.0.ffn_gate_shexp.weight" in metadata.file.tensors:
        values["model_type"] = "granitemoeshared"
        values["architectures"] = ["GraniteMoeSharedForCausalLM"]
        values["shared_intermediate_size"] = metadata.width("blk.0.ffn_gate_shexp.weight")
    return (
        values
        | _experts(metadata, "num_local_experts")
        | {
            "attention_multiplier": metadata.get("attention.scale", metadata.head_width**-0.5),
            "embedding_multiplier": metadata.get("embedding_scale", 1.0),
            "residual_multiplier": metadata.get("residual_scale", 1.0),
            "logits_scaling": metadata.get("logit_scale", 1.0),
        }
    )


CONFIGS: Mapping[str, Callable[[Metadata], Values]] = {
    "granitemoe": granite_moe,
    "llama": llama,
    "olmoe": olmoe,
    "qwen2": qwen2,
    "qwen2moe": qwen2_moe,
    "qwen3": qwen3,
    "qwen3moe": qwen3_moe,
}


def read_config(file: GgufFile) -> Values:
    """Return the values of the `config.json`.

    Raises:
        CheckpointError: the architecture or a variant is not known, or a value is missing.
    """
    metadata = Metadata(file)
    if metadata.architecture not in CONFIGS:
        reason = f"the architecture {metadata.architecture!r} is not known; known are "
        raise CheckpointError(file.path, reason + ", ".join(CONFIGS))
    return CONFIGS[metadata.architecture](metadata)


def _common(metadata: Metadata, family: str, architecture: str) -> Values:
    heads = metadata["attention.head_count"]
    return {
        "architectures": [architecture],
        "model_type": family,
        "hidden_act": "silu",
        "vocab_size": metadata.width("token_embd.weight"),
        "hidden_size": metadata["embedding_length"],
        "intermediate_size": metadata["feed_forward_length"],
        "num_hidden_layers": metadata["block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": metadata.get("attention.head_count_kv", heads),
        "max_position_embeddings": metadata["context_length"],
        "rope_parameters": rope_parameters(metadata),
        "rms_norm_eps": metadata["attention.layer_norm_rms_epsilon"],
        "tie_word_embeddings": "output.weight" not in metadata.file.tensors,
        "eos_token_id": _end_tokens(metadata.file),
    }


def _experts(metadata: Metadata, count_key: str) -> Values:
    return {
        count_key: metadata["expert_count"],
        "num_experts_per_tok": metadata["expert_used_count"],
        "intermediate_size": metadata.width("blk.0.ffn_gate_exps.weight"),
    }


def _qwen_experts(metadata: Metadata) -> Values:
    return {
        "num_experts": metadata["expert_count"],
        "num_experts_per_tok": metadata["expert_used_count"],
        "moe_intermediate_size": metadata.width("blk.0.ffn_gate_exps.weight"),
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
    }


def _end_tokens(file: GgufFile) -> list[int]:
    tokens = file.texts(TOKENS)
    named = [tokens.index(token) for token in END_TOKENS if token in tokens]
    own = file.fields.get("tokenizer.ggml.eos_token_id")
    return named if own is None or own in named else [own, *named]
