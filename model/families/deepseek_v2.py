"""DeepSeek-V2: latent attention, dense first layers, experts in groups, ungated shared ones."""

from dataclasses import replace

from model.config import DecoderConfig, LatentConfig, MoeConfig
from model.families.base import read_base
from model.families.family import Family, Named, Source
from model.families.qwen2_moe import SOURCES as QWEN_SOURCES
from model.families.rope_values import rope_kind, rope_section
from model.families.values import ConfigValues
from model.rope_scaling import yarn_magnitude

SOURCES: dict[str, Source] = QWEN_SOURCES | {
    f"mlp.shared_expert.{part}.weight": Named(f"mlp.shared_experts.{part}.weight")
    for part in ("gate_proj", "up_proj", "down_proj")
}


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    return replace(
        read_latent(values), moe=_read_moe(values), dense_layers=first_layers_dense(values, 0)
    )


def read_latent(values: ConfigValues) -> DecoderConfig:
    """Return all but the experts: the same in DeepSeek-V3 but for the order of rotated pairs."""
    latent = LatentConfig(
        key_value_rank=values.count("kv_lora_rank"),
        query_rank=values.count("q_lora_rank") if values.has("q_lora_rank") else None,
        plain_width=values.count("qk_nope_head_dim"),
        rope_width=values.count("qk_rope_head_dim"),
        value_width=values.count("v_head_dim"),
    )
    base = read_base(values, head_size=latent.rope_width)
    bias = values.flag("attention_bias", default=False)
    return replace(
        base,
        rope=replace(base.rope, interleaved=True),
        query_key_value_bias=bias,
        output_bias=bias,
        latent=latent,
        attention_scale=latent.query_width**-0.5 * _score_magnitude(values),
    )


def first_layers_dense(values: ConfigValues, default: int) -> frozenset[int]:
    """Return the layers before the first one with experts.

    Raises:
        ValueError: not all layers after it have experts.
    """
    if (step := values.count("moe_layer_freq", 1)) != 1:
        raise ValueError(f"moe_layer_freq is {step}; known is 1")
    layers = range(values.count("num_hidden_layers"))
    return frozenset(layers[: max(values.count("first_k_dense_replace", default), 0)])


def shared_width(values: ConfigValues) -> int:
    """Return the width of all shared experts together; they are stored as one."""
    return values.count("moe_intermediate_size") * values.count("n_shared_experts")


def _read_moe(values: ConfigValues) -> MoeConfig:
    method = values.word("topk_method", "greedy")
    if method not in {"greedy", "group_limited_greedy"}:
        raise ValueError(f"topk_method {method!r} is not known")
    grouped = method == "group_limited_greedy"
    return MoeConfig(
        experts=values.count("n_routed_experts"),
        experts_per_token=values.count("num_experts_per_tok"),
        expert_width=values.count("moe_intermediate_size"),
        shared_width=shared_width(values),
        routed_scale=values.number("routed_scaling_factor", 1.0),
        groups=values.count("n_group") if grouped else 1,
        groups_per_token=values.count("topk_group") if grouped else 1,
    )


def _score_magnitude(values: ConfigValues) -> float:
    """Return what the scores are multiplied by where the rotary embedding is stretched."""
    rope = rope_section(values)
    weight = rope.number("mscale_all_dim", 0.0)
    if rope_kind(rope) == "default" or not weight:
        return 1.0
    return yarn_magnitude(rope.number("factor"), weight) ** 2


FAMILY = Family(read, SOURCES)
