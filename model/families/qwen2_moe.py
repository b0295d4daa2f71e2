"""Qwen1.5-MoE and Qwen2-MoE: Qwen2 with fine-grained experts beside a gated shared one."""

from dataclasses import replace
from typing import Any

from model.config import DecoderConfig, MoeConfig
from model.families.base import read_base, read_windows, write_base
from model.families.family import Family, Source, Stacked
from model.families.qwen2 import write_windows
from model.families.values import ConfigValues

SOURCES: dict[str, Source] = {
    "mlp.experts.gate_EID": Stacked("mlp.experts.{}.gate_proj.weight"),
    "mlp.experts.up_EID": Stacked("mlp.experts.{}.up_proj.weight"),
    "mlp.experts.down_EDI": Stacked("mlp.experts.{}.down_proj.weight"),
}


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    moe = MoeConfig(
        experts=values.count("num_experts"),
        experts_per_token=values.count("num_experts_per_tok"),
        expert_width=values.count("moe_intermediate_size"),
        shared_width=values.count("shared_expert_intermediate_size"),
        shared_gated=True,
        renormalise=values.flag("norm_topk_prob", default=False),
    )
    return replace(
        read_base(values),
        query_key_value_bias=values.flag("qkv_bias", default=True),
        windows=read_windows(values, default_types=_default_types(values)),
        moe=moe,
        dense_layers=dense_layers(values),
    )


def dense_layers(values: ConfigValues) -> frozenset[int]:
    """Return the layers without experts: named ones, and all but each `decoder_sparse_step`-th.

    Raises:
        ValueError: a value is nonsense.
    """
    step = values.size("decoder_sparse_step", 1)
    layers = range(values.count("num_hidden_layers"))
    named = values.counts("mlp_only_layers")
    return frozenset(layer for layer in layers if layer in named or (layer + 1) % step)


def _default_types(values: ConfigValues) -> list[str]:
    """Return `transformers`' layer types for files that do not name them."""
    sliding = values.flag("use_sliding_window", default=False)
    last = values.count("max_window_layers", 28)
    return [
        "sliding_attention" if sliding and layer < last and layer % 2 == 0 else "full_attention"
        for layer in range(values.count("num_hidden_layers"))
    ]


def write(config: DecoderConfig) -> dict[str, Any]:
    """Return the `config.json`.

    Raises:
        ValueError: the configuration is not of this family.
    """
    if config.moe is None or not config.moe.shared_gated:
        raise ValueError("a qwen2_moe needs experts and a gated shared expert")
    return (
        write_base(config)
        | write_windows(config)
        | {
            "architectures": ["Qwen2MoeForCausalLM"],
            "num_experts": config.moe.experts,
            "num_experts_per_tok": config.moe.experts_per_token,
            "moe_intermediate_size": config.moe.expert_width,
            "shared_expert_intermediate_size": config.moe.shared_width,
            "norm_topk_prob": config.moe.renormalise,
            "qkv_bias": config.query_key_value_bias,
            "decoder_sparse_step": 1,
            "mlp_only_layers": sorted(config.dense_layers),
        }
    )


FAMILY = Family(read, SOURCES, write)
