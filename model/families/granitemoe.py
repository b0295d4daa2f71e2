"""Granite's MoE, with a shared expert ("granitemoeshared") or without; scaled here and there."""

from dataclasses import replace

import torch

from model.config import DecoderConfig, MoeConfig, Shape
from model.families.base import read_base
from model.families.family import Derived, Family, Named, Source
from model.families.values import ConfigValues


def _half(name: str, dimension: int, half: int) -> Derived:
    """Return the gate (0) or the up matrix (1), which lie one after the other in one tensor."""

    def whole(shape: Shape) -> Shape:
        return (*shape[:dimension], 2 * shape[dimension], *shape[dimension + 1 :])

    def pick(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.chunk(2, dimension)[half]

    return Derived(name, whole, pick)


_ROUTED = "block_sparse_moe.input_linear.weight"
_SHARED = "shared_mlp.input_linear.weight"
SOURCES: dict[str, Source] = {
    "mlp.gate.weight": Named("block_sparse_moe.router.layer.weight"),
    "mlp.experts.gate_EID": _half(_ROUTED, 1, 0),
    "mlp.experts.up_EID": _half(_ROUTED, 1, 1),
    "mlp.experts.down_EDI": Named("block_sparse_moe.output_linear.weight"),
    "mlp.shared_expert.gate_proj.weight": _half(_SHARED, 0, 0),
    "mlp.shared_expert.up_proj.weight": _half(_SHARED, 0, 1),
    "mlp.shared_expert.down_proj.weight": Named("shared_mlp.output_linear.weight"),
}


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    base = read_base(values)
    bias = values.flag("attention_bias", default=False)
    shared = base.family == "granitemoeshared"
    moe = MoeConfig(
        experts=values.count("num_local_experts"),
        experts_per_token=values.count("num_experts_per_tok"),
        expert_width=base.feed_forward_size,
        shared_width=values.count("shared_intermediate_size", 1024) if shared else 0,
        softmax_over_chosen=True,
    )
    return replace(
        base,
        query_key_value_bias=bias,
        output_bias=bias,
        moe=moe,
        attention_scale=values.number("attention_multiplier", 1.0),
        embedding_scale=values.number("embedding_multiplier", 1.0),
        residual_scale=values.number("residual_multiplier", 1.0),
        logit_scale=1 / _logits_divisor(values),
    )


def _logits_divisor(values: ConfigValues) -> float:
    divisor = values.number("logits_scaling", 1.0)
    if divisor <= 0:
        raise ValueError(f"logits_scaling is {divisor}; it must be above 0")
    return divisor


FAMILY = Family(read, SOURCES)
