"""DeepSeek-V3 and R1: as V2, but sigmoid scores, corrected by a bias when experts are chosen."""

from dataclasses import replace

from model.config import DecoderConfig, MoeConfig
from model.families.deepseek_v2 import SOURCES, first_layers_dense, read_latent, shared_width
from model.families.family import Family
from model.families.values import ConfigValues


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    experts = "n_routed_experts" if values.has("n_routed_experts") else "num_local_experts"
    moe = MoeConfig(
        experts=values.count(experts),
        experts_per_token=values.count("num_experts_per_tok"),
        expert_width=values.count("moe_intermediate_size"),
        shared_width=shared_width(values),
        score="sigmoid",
        renormalise=values.flag("norm_topk_prob", default=True),
        routed_scale=values.number("routed_scaling_factor", 1.0),
        groups=values.count("n_group", 1),
        groups_per_token=values.count("topk_group", 1),
        group_score="top2",
        correction_bias=True,
    )
    base = read_latent(values)
    rope = replace(base.rope, interleaved=values.flag("rope_interleave", default=True))
    return replace(base, rope=rope, moe=moe, dense_layers=first_layers_dense(values, 3))


FAMILY = Family(read, SOURCES)
