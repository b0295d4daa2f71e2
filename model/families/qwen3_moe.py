"""Qwen3-MoE: Qwen3 with fine-grained experts and no shared one."""

from dataclasses import replace

from model.config import DecoderConfig, MoeConfig
from model.families.base import read_base, read_window
from model.families.family import Family
from model.families.qwen2_moe import SOURCES, dense_layers
from model.families.values import ConfigValues


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    experts = "num_experts" if values.has("num_experts") else "num_local_experts"
    moe = MoeConfig(
        experts=values.count(experts),
        experts_per_token=values.count("num_experts_per_tok"),
        expert_width=values.count("moe_intermediate_size"),
        renormalise=values.flag("norm_topk_prob", default=False),
    )
    base = read_base(values)
    bias = values.flag("attention_bias", default=False)
    sliding = values.flag("use_sliding_window", default=False)
    return replace(
        base,
        query_key_value_bias=bias,
        output_bias=bias,
        query_key_norm="head",
        windows=(read_window(values),) * base.layer_count if sliding else (),
        moe=moe,
        dense_layers=dense_layers(values),
    )


FAMILY = Family(read, SOURCES)
