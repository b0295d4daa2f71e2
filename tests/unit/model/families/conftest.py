"""A tiny random model of each family, as transformers saves it, and our decoder opened from it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers import PreTrainedModel

from model.checkpoint import Checkpoint
from model.transformer import Decoder

SIZES = {
    "vocab_size": 199,
    "hidden_size": 48,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": 7,
    "pad_token_id": None,
}
QWEN_MOE = {"num_experts": 6, "num_experts_per_tok": 3, "moe_intermediate_size": 24}
LATENT = {
    "num_key_value_heads": 4,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 12,
    "qk_rope_head_dim": 8,
    "v_head_dim": 10,
    "n_routed_experts": 8,
    "num_experts_per_tok": 3,
    "n_shared_experts": 2,
    "moe_intermediate_size": 24,
    "first_k_dense_replace": 1,
    "routed_scaling_factor": 1.7,
}
GRANITE = {
    "num_local_experts": 5,
    "embedding_multiplier": 3.0,
    "attention_multiplier": 0.4,
    "residual_multiplier": 0.6,
    "logits_scaling": 2.5,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 10_000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 128,
    "mscale": 0.7,
    "mscale_all_dim": 1.1,
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "deepseek_v2": ("DeepseekV2", LATENT | {"q_lora_rank": None, "topk_method": "greedy"}),
    "deepseek_v2-groups-yarn": (
        "DeepseekV2",
        LATENT
        | {"q_lora_rank": 20, "topk_method": "group_limited_greedy", "n_group": 4, "topk_group": 2}
        | {"rope_parameters": YARN, "attention_bias": True},
    ),
    "deepseek_v3": ("DeepseekV3", LATENT | {"q_lora_rank": 20, "n_group": 4, "topk_group": 2}),
    "deepseek_v3-halves": (
        "DeepseekV3",
        LATENT | {"n_group": 1, "topk_group": 1, "rope_interleave": False},
    ),
    "gpt_oss": (
        "GptOss",
        {"num_local_experts": 6, "num_experts_per_tok": 2, "head_dim": 16, "sliding_window": 5},
    ),
    "granitemoe": ("GraniteMoe", GRANITE | {"attention_bias": True}),
    "granitemoeshared": ("GraniteMoeShared", GRANITE | {"shared_intermediate_size": 28}),
    "llama": ("Llama", {"rope_parameters": LLAMA3, "head_dim": 16}),
    "llama-biases": ("Llama", {"attention_bias": True, "mlp_bias": True}),
    "mixtral": ("Mixtral", {"num_local_experts": 5, "num_experts_per_tok": 2}),
    "mixtral-window": ("Mixtral", {"num_local_experts": 4, "sliding_window": 6}),
    "olmoe": ("Olmoe", {"num_experts": 6, "num_experts_per_tok": 2, "clip_qkv": 1.5}),
    "qwen2": ("Qwen2", {}),
    "qwen2-window": (
        "Qwen2",
        {"use_sliding_window": True, "sliding_window": 7, "max_window_layers": 1},
    ),
    "qwen2_moe": ("Qwen2Moe", QWEN_MOE | {"shared_expert_intermediate_size": 28}),
    "qwen2_moe-mixed": (
        "Qwen2Moe",
        QWEN_MOE
        | {"shared_expert_intermediate_size": 28, "norm_topk_prob": True, "mlp_only_layers": [0]},
    ),
    "qwen3": ("Qwen3", {"head_dim": 16}),
    "qwen3_moe": ("Qwen3Moe", QWEN_MOE | {"head_dim": 16, "norm_topk_prob": True}),
    "qwen3_moe-sparse": (
        "Qwen3Moe",
        QWEN_MOE | {"decoder_sparse_step": 2, "use_sliding_window": True, "sliding_window": 6},
    ),
}


@dataclass(frozen=True)
class Pair:
    """The same model twice."""

    name: str
    folder: Path
    theirs: PreTrainedModel
    ours: Decoder


@torch.no_grad()
def randomise(model: PreTrainedModel) -> None:
    """Give values to what transformers starts at zero or one, which would prove nothing."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if name.endswith("norm.weight"):
            tensor.normal_(1.0, 0.3)
        elif name.endswith(("bias", "sinks", "gate.weight", "router.weight")):
            tensor.normal_(0.0, 0.4)


@pytest.fixture(scope="session", params=VARIANTS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    kind, changes = VARIANTS[request.param]
    torch.manual_seed(11)
    config = getattr(transformers, f"{kind}Config")(**(SIZES | changes))
    theirs = getattr(transformers, f"{kind}ForCausalLM")(config).eval()
    randomise(theirs)
    folder = tmp_path_factory.mktemp(request.param)
    theirs.save_pretrained(folder)
    return Pair(request.param, folder, theirs, Checkpoint.open(folder).decoder())
