"""OLMoE: queries and keys are normalised as a whole; values and they may be clipped."""

from dataclasses import replace

from model.config import DecoderConfig, MoeConfig
from model.families.base import read_base
from model.families.family import Family
from model.families.qwen2_moe import SOURCES
from model.families.values import ConfigValues


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    base = read_base(values)
    bias = values.flag("attention_bias", default=False)
    moe = MoeConfig(
        experts=values.count("num_experts"),
        experts_per_token=values.count("num_experts_per_tok"),
        expert_width=base.feed_forward_size,
        renormalise=values.flag("norm_topk_prob", default=False),
    )
    return replace(
        base,
        query_key_value_bias=bias,
        output_bias=bias,
        query_key_norm="projection",
        query_key_value_clip=values.number("clip_qkv") if values.has("clip_qkv") else None,
        moe=moe,
    )


FAMILY = Family(read, SOURCES)
