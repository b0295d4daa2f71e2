"""gpt-oss: windows in every other layer, learned attention sinks, biases everywhere.

On disk the experts' gate and up columns alternate, and matrices are stored input first.
"""

from dataclasses import replace

import torch

from model.config import DecoderConfig, MoeConfig, Shape
from model.families.base import read_base, read_windows
from model.families.family import Derived, Family, Named, Source
from model.families.values import ConfigValues


def _every_other(first: int) -> Derived:
    return Derived(
        "mlp.experts.gate_up_proj",
        lambda shape: (shape[0], shape[2], 2 * shape[1]),
        lambda whole_ED2I: whole_ED2I[..., first::2].transpose(1, 2).contiguous(),
    )


def _every_other_bias(first: int) -> Derived:
    return Derived(
        "mlp.experts.gate_up_proj_bias",
        lambda shape: (shape[0], 2 * shape[1]),
        lambda whole_E2I: whole_E2I[:, first::2].contiguous(),
    )


def _swapped(shape: Shape) -> Shape:
    return (shape[0], shape[2], shape[1])


def _swap(whole_EID: torch.Tensor) -> torch.Tensor:
    return whole_EID.transpose(1, 2).contiguous()


SOURCES: dict[str, Source] = {
    "mlp.gate.weight": Named("mlp.router.weight"),
    "mlp.gate.bias": Named("mlp.router.bias"),
    "mlp.experts.gate_EID": _every_other(0),
    "mlp.experts.up_EID": _every_other(1),
    "mlp.experts.down_EDI": Derived("mlp.experts.down_proj", _swapped, _swap),
    "mlp.experts.gate_EI": _every_other_bias(0),
    "mlp.experts.up_EI": _every_other_bias(1),
    "mlp.experts.down_ED": Named("mlp.experts.down_proj_bias"),
}


def read(values: ConfigValues) -> DecoderConfig:
    """Return the configuration."""
    base = read_base(values, head_size=values.count("head_dim", 64), default_rope_base=150_000.0)
    gain, limit = values.number("swiglu_alpha", 1.702), values.number("swiglu_limit", 7.0)
    if (gain, limit) != (1.702, 7.0):
        raise ValueError(f"a SwiGLU of gain {gain} and limit {limit} is not known")
    bias = values.flag("attention_bias", default=True)
    moe = MoeConfig(
        experts=values.count("num_local_experts"),
        experts_per_token=values.count("num_experts_per_tok"),
        expert_width=base.feed_forward_size,
        softmax_over_chosen=True,
        biases=True,
        activation="clamped_swiglu",
    )
    alternating = ["sliding_attention", "full_attention"] * base.layer_count
    return replace(
        base,
        query_key_value_bias=bias,
        output_bias=bias,
        attention_sinks=True,
        windows=read_windows(values, default_types=alternating[: base.layer_count]),
        moe=moe,
    )


FAMILY = Family(read, SOURCES)
