"""Tiny random models of every family as GGUF files, written as llama.cpp's own converter does it.

Names come from the `gguf` package's table, experts are stacked, and query and key rows reordered
where llama.cpp rotates neighbours.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# ASCII only: llama.cpp tells no log shares of tokens that leave a character unfinished.
LETTERS = [c for c in sorted(pre_tokenizers.ByteLevel.alphabet()) if c < "\x7f" or "Ā" <= c <= "ġ"]
VOCABULARY = [*LETTERS, "he", "Ġt", *CONTROL]
SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "tie_word_embeddings": False,
    "initializer_range": 0.2,
    "bos_token_id": None,
    "eos_token_id": len(VOCABULARY) - 1,
    "pad_token_id": None,
}
EXPERTS = {"num_experts": 8, "num_experts_per_tok": 3}
LOCAL_EXPERTS = {"num_local_experts": 8, "num_experts_per_tok": 3}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 10_000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 64,
}


@dataclass(frozen=True)
class Family:
    architecture: gguf.MODEL_ARCH
    model_type: str
    options: dict[str, Any]
    adjacent_pairs: bool = False


ARCH = gguf.MODEL_ARCH
FAMILIES = {
    "qwen2": Family(ARCH.QWEN2, "qwen2", {}),
    "qwen2, yarn": Family(ARCH.QWEN2, "qwen2", {"rope_parameters": YARN}),
    "qwen2, tied": Family(ARCH.QWEN2, "qwen2", {"tie_word_embeddings": True}),
    "qwen2_moe": Family(
        ARCH.QWEN2MOE,
        "qwen2_moe",
        EXPERTS | {"moe_intermediate_size": 32, "shared_expert_intermediate_size": 160},
    ),
    "qwen3": Family(ARCH.QWEN3, "qwen3", {"head_dim": 32}),
    "qwen3_moe": Family(
        ARCH.QWEN3MOE,
        "qwen3_moe",
        EXPERTS | {"moe_intermediate_size": 32, "head_dim": 32, "norm_topk_prob": True},
    ),
    "olmoe": Family(  # llama.cpp wants as many key as query heads here
        ARCH.OLMOE, "olmoe", EXPERTS | {"intermediate_size": 32, "num_key_value_heads": 4}
    ),
    "llama": Family(ARCH.LLAMA, "llama", {}, adjacent_pairs=True),
    "llama 3": Family(ARCH.LLAMA, "llama", {"rope_parameters": LLAMA3}, adjacent_pairs=True),
    "mixtral": Family(ARCH.LLAMA, "mixtral", LOCAL_EXPERTS, adjacent_pairs=True),
    "granitemoe": Family(
        ARCH.GRANITE_MOE,
        "granitemoe",
        LOCAL_EXPERTS
        | {
            "attention_multiplier": 0.3,
            "embedding_multiplier": 2.0,
            "residual_multiplier": 0.5,
            "logits_scaling": 1.5,
        },
        adjacent_pairs=True,
    ),
    "granitemoeshared": Family(
        ARCH.GRANITE_MOE,
        "granitemoeshared",
        LOCAL_EXPERTS | {"shared_intermediate_size": 32, "attention_multiplier": 0.25},
        adjacent_pairs=True,
    ),
}


def random_model(family: Family, **sizes: int) -> PreTrainedModel:
    torch.manual_seed(3)
    config = AutoConfig.for_model(family.model_type, **SIZES | family.options | sizes)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "norm" in name:  # they start as zeros and ones
            torch.nn.init.normal_(parameter, mean=float("norm" in name), std=0.2)
    return model


def saved_tensors(model: PreTrainedModel, folder: Path) -> dict[str, torch.Tensor]:
    model.save_pretrained(folder)
    return load_file(folder / "model.safetensors")


def gguf_tensors(
    family: Family, config: dict[str, Any], tensors: dict[str, torch.Tensor]
) -> Iterator[tuple[str, torch.Tensor]]:
    names = gguf.get_tensor_name_map(family.architecture, config["num_hidden_layers"])

    def gguf_name(name: str) -> str:
        return str(names.get_name(name, try_suffixes=(".weight", ".bias")))

    stacks: dict[str, list[torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if number := re.search(r"\.experts\.(\d+)\.", name):
            stack = stacks.setdefault(name.replace(number[0], ".experts."), [])
            stack.insert(int(number[1]), tensor)
        elif "input_linear" in name:  # Granite's gate and up
            gate, up = tensor.chunk(2, dim=-2)
            layer, kind = name.split(".")[2], "shexp" if "shared" in name else "exps"
            yield f"blk.{layer}.ffn_gate_{kind}.weight", gate
            yield f"blk.{layer}.ffn_up_{kind}.weight", up
        elif family.adjacent_pairs and (match := re.search(r"([qk])_proj\.", name)):
            heads = config["num_attention_heads" if match[1] == "q" else "num_key_value_heads"]
            halves = tensor.unflatten(0, (heads, 2, -1)).swapaxes(1, 2)
            yield gguf_name(name), halves.reshape(tensor.shape)
        else:
            yield gguf_name(name), tensor.squeeze(0)
    for name, stack in stacks.items():
        yield gguf_name(name), torch.stack(stack)


def in_expert_order(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    def key(name: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", name)]

    return {name: tensors[name] for name in sorted(tensors, key=key)}


Packing = Callable[[torch.Tensor], tuple[np.ndarray, gguf.GGMLQuantizationType]]


def as_float32(tensor: torch.Tensor) -> tuple[np.ndarray, gguf.GGMLQuantizationType]:
    return tensor.contiguous().numpy(), gguf.GGMLQuantizationType.F32


def write(
    path: Path,
    family: Family,
    model: PreTrainedModel,
    folder: Path,
    pack: Packing = as_float32,
) -> None:
    """Write the file; `folder` takes the model as transformers saves it."""
    tensors = in_expert_order(saved_tensors(model, folder))
    config = json.loads((folder / "config.json").read_text())
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[family.architecture])
    add_config(writer, config)
    add_tokenizer(writer)
    for name, tensor in gguf_tensors(family, config, tensors):
        values, packed_format = pack(tensor)
        writer.add_tensor(name, values, raw_dtype=packed_format)
    if config["rope_parameters"]["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(model))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def llama3_factors(model: PreTrainedModel) -> np.ndarray:
    """Return by how much transformers divides each plain frequency."""
    scaled = model.model.rotary_emb.inv_freq
    width = 2 * len(scaled)
    plain = LLAMA3["rope_theta"] ** (-torch.arange(0, width, 2) / width)
    return (plain / scaled).numpy().astype(np.float32)


def add_config(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    optional = {
        "head_dim": (writer.add_key_length, writer.add_value_length),
        "num_experts": (writer.add_expert_count,),
        "num_local_experts": (writer.add_expert_count,),
        "num_experts_per_tok": (writer.add_expert_used_count,),
        "moe_intermediate_size": (writer.add_expert_feed_forward_length,),
        "shared_expert_intermediate_size": (writer.add_expert_shared_feed_forward_length,),
        "shared_intermediate_size": (writer.add_expert_shared_feed_forward_length,),
        "attention_multiplier": (writer.add_attention_scale,),
        "embedding_multiplier": (writer.add_embedding_scale,),
        "residual_multiplier": (writer.add_residual_scale,),
        "logits_scaling": (writer.add_logit_scale,),
    }
    for key, adders in optional.items():
        for add in adders:
            if config.get(key) is not None:
                add(config[key])
    rope = config["rope_parameters"]
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(
        config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    )
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def add_tokenizer(writer: gguf.GGUFWriter) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(VOCABULARY)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([control if t in CONTROL else normal for t in VOCABULARY])
    writer.add_token_merges(["h e", "Ġ t"])
    writer.add_eos_token_id(len(VOCABULARY) - 1)
    writer.add_chat_template("{{ messages }}")
