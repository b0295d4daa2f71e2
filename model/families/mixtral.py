"""Mixtral: a few wide experts, their weights the softmax over the chosen ones."""

from dataclasses import replace

from model.config import DecoderConfig, MoeConfig
from model.families.base import read_base, read_window
from model.families.family import Family, Named, Source, Stacked
from model.families.values import ConfigValues

SOURCES: dict[str, Source] = {
    "mlp.gate.weight": Named("block_sparse_moe.gate.weight"),
    "mlp.experts.gate_EID": Stacked("block_sparse_moe.experts.{}.w1.weight"),
    "mlp.experts.up_EID": Stacked("block_sparse_moe.experts.{}.w3.weight"),
    "mlp.experts.down_EDI": Stacked("block_sparse_moe.experts.{}.w2.weight"),
}


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    base = read_base(values, default_rope_base=1e6)
    moe = MoeConfig(
        experts=values.count("num_local_experts"),
        experts_per_token=values.count("num_experts_per_tok"),
        expert_width=base.feed_forward_size,
        softmax_over_chosen=True,
    )
    sliding = values.has("sliding_window")
    return replace(
        base, windows=(read_window(values),) * base.layer_count if sliding else (), moe=moe
    )


FAMILY = Family(read, SOURCES)
