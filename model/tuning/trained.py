"""What is trained of one layer: router, routed experts, low-rank adapters.

Kept in float32; each step works with rounded copies, the very weights that will be served.

Shapes: see config.py and this package's __init__.
"""

from collections.abc import Mapping

import torch

from model.tuning.layer import Weights
from model.tuning.recipe import Recipe

ATTENTION = tuple(f"self_attn.{part}_proj" for part in "qkvo")
FEED_FORWARD = tuple(f"mlp.{part}_proj" for part in ("gate", "up", "down"))
ROUTER = "mlp.gate.weight"
EXPERTS = ("mlp.experts.gate_EID", "mlp.experts.up_EID", "mlp.experts.down_EDI")


def initial(frozen: Weights, recipe: Recipe, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Start as no change at all: experts' outputs and one factor of each adapter are zero."""
    trained: dict[str, torch.Tensor] = {}
    for names, rank in (
        (ATTENTION, recipe.attention_rank),
        (FEED_FORWARD, recipe.feed_forward_rank),
    ):
        for name in names if rank else ():
            output, hidden = frozen[f"{name}.weight"].shape
            a_RD = torch.randn(rank, hidden, generator=generator) / hidden**0.5
            trained[f"{name}.a"] = a_RD
            trained[f"{name}.b"] = torch.zeros(output, rank)
    if recipe.experts:
        trained |= _initial_experts(frozen, recipe, generator)
    return trained


def _initial_experts(
    frozen: Weights, recipe: Recipe, generator: torch.Generator
) -> dict[str, torch.Tensor]:
    """Let each expert look at what some neurons of the dense layer look at.

    `up` is scaled by the number of experts, since a chosen one is weighed by about its reciprocal.
    """
    gate_ID, up_ID = (frozen[f"mlp.{part}_proj.weight"].float() for part in ("gate", "up"))
    wide, hidden = gate_ID.shape
    shape_EID = (recipe.experts, recipe.expert_width, hidden)
    neuron = torch.randperm(wide, generator=generator)[: recipe.experts * recipe.expert_width]
    return {
        ROUTER: torch.randn(recipe.experts, hidden, generator=generator) / hidden**0.5,
        EXPERTS[0]: gate_ID[neuron].view(shape_EID),
        EXPERTS[1]: up_ID[neuron].view(shape_EID) * recipe.experts,
        EXPERTS[2]: torch.zeros(recipe.experts, hidden, recipe.expert_width),
    }


def served(frozen: Weights, trained: Weights) -> dict[str, torch.Tensor]:
    """Return the layer's weights as they will be served, in the frozen ones' number format."""
    weights = dict(frozen)
    dtype = frozen["input_layernorm.weight"].dtype
    for name in adapted(trained):
        weights[f"{name}.weight"] = merge(
            frozen[f"{name}.weight"], trained[f"{name}.a"], trained[f"{name}.b"]
        )
    weights |= {name: trained[name].to(dtype) for name in (ROUTER, *EXPERTS) if name in trained}
    return weights


def adapted(trained: Mapping[str, torch.Tensor]) -> list[str]:
    """Name the projections that have an adapter."""
    return [name.removesuffix(".a") for name in trained if name.endswith(".a")]


def merge(weight_ED: torch.Tensor, a_RD: torch.Tensor, b_ER: torch.Tensor) -> torch.Tensor:
    """Add an adapter to a weight (Hu et al. 2021) in float32, rounded once."""
    return (weight_ED.float() + b_ER @ a_RD).to(weight_ED.dtype)
