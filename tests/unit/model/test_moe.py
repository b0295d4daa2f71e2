"""The mixture-of-experts layer against transformers' own, family by family, and against a loop
over all experts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn
from transformers import (
    DeepseekV2Config,
    DeepseekV3Config,
    GptOssConfig,
    GraniteMoeConfig,
    GraniteMoeSharedConfig,
    MixtralConfig,
    OlmoeConfig,
    Qwen2MoeConfig,
    Qwen3MoeConfig,
)
from transformers.models.deepseek_v2.modeling_deepseek_v2 import DeepseekV2Moe
from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3MoE
from transformers.models.gpt_oss.modeling_gpt_oss import GptOssMLP
from transformers.models.granitemoe.modeling_granitemoe import GraniteMoeMoE
from transformers.models.granitemoeshared.modeling_granitemoeshared import (
    GraniteMoeSharedMLP,
    GraniteMoeSharedMoE,
)
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock
from transformers.models.olmoe.modeling_olmoe import OlmoeSparseMoeBlock
from transformers.models.qwen2_moe.modeling_qwen2_moe import Qwen2MoeSparseMoeBlock
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeSparseMoeBlock

from model.config import MoeConfig
from model.experts import ACTIVATIONS, FloatExpert
from model.moe import MoeFeedForward
from model.router import Routing

HIDDEN, WIDTH, EXPERTS, ACTIVE = 32, 16, 12, 3
SIZES = {"hidden_size": HIDDEN, "num_experts_per_tok": ACTIVE, "num_attention_heads": 4}
PLAIN = MoeConfig(EXPERTS, ACTIVE, WIDTH)
TOKENS = (1, 3, 65)  # one, few pairs of token and expert, many


@dataclass(frozen=True)
class Proof:
    """A family's configuration here, and its layer in transformers."""

    config: MoeConfig
    theirs: Callable[[], nn.Module]


class GraniteShared(nn.Module):
    """What a layer of transformers' GraniteMoeShared adds up."""

    def __init__(self, config: GraniteMoeSharedConfig) -> None:
        super().__init__()
        self.routed, self.shared_mlp = GraniteMoeSharedMoE(config), GraniteMoeSharedMLP(config)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.routed(x) + self.shared_mlp(x)


def deepseek_v2(**options: object) -> nn.Module:
    sizes = {"n_routed_experts": EXPERTS, "n_shared_experts": 2, "moe_intermediate_size": WIDTH}
    return DeepseekV2Moe(DeepseekV2Config(**SIZES, **sizes, **options))


def deepseek_v3(**options: object) -> nn.Module:
    sizes = {"n_routed_experts": EXPERTS, "n_shared_experts": 1, "moe_intermediate_size": WIDTH}
    return DeepseekV3MoE(DeepseekV3Config(**SIZES, **sizes, **options))


def qwen2_moe(*, renormalise: bool) -> nn.Module:
    sizes = {"num_experts": EXPERTS, "moe_intermediate_size": WIDTH}
    shared = {"shared_expert_intermediate_size": 24, "norm_topk_prob": renormalise}
    return Qwen2MoeSparseMoeBlock(Qwen2MoeConfig(**SIZES, **sizes, **shared))


def qwen3_moe() -> nn.Module:
    sizes = {"num_experts": EXPERTS, "moe_intermediate_size": WIDTH, "norm_topk_prob": True}
    return Qwen3MoeSparseMoeBlock(Qwen3MoeConfig(**SIZES, **sizes))


def granite_shared() -> nn.Module:
    sizes = {"num_local_experts": EXPERTS, "intermediate_size": WIDTH}
    return GraniteShared(GraniteMoeSharedConfig(**SIZES, **sizes, shared_intermediate_size=24))


LOCAL = {"num_local_experts": EXPERTS, "intermediate_size": WIDTH}
PROOFS = {
    "qwen2_moe": Proof(
        replace(PLAIN, shared_width=24, shared_gated=True),
        lambda: qwen2_moe(renormalise=False),
    ),
    "qwen2_moe renormalised": Proof(
        replace(PLAIN, shared_width=24, shared_gated=True, renormalise=True),
        lambda: qwen2_moe(renormalise=True),
    ),
    "qwen3_moe": Proof(replace(PLAIN, renormalise=True), qwen3_moe),
    "mixtral": Proof(
        replace(PLAIN, renormalise=True),
        lambda: MixtralSparseMoeBlock(MixtralConfig(**SIZES, **LOCAL)),
    ),
    "mixtral, softmax after the choice": Proof(
        replace(PLAIN, softmax_over_chosen=True),
        lambda: MixtralSparseMoeBlock(MixtralConfig(**SIZES, **LOCAL)),
    ),
    "olmoe": Proof(
        PLAIN,
        lambda: OlmoeSparseMoeBlock(
            OlmoeConfig(**SIZES, num_experts=EXPERTS, intermediate_size=WIDTH)
        ),
    ),
    "deepseek_v2": Proof(
        replace(PLAIN, shared_width=2 * WIDTH, routed_scale=1.5),
        lambda: deepseek_v2(topk_method="greedy", routed_scaling_factor=1.5),
    ),
    "deepseek_v2 by groups": Proof(
        replace(PLAIN, shared_width=2 * WIDTH, routed_scale=16.0, groups=4, groups_per_token=2),
        lambda: deepseek_v2(
            topk_method="group_limited_greedy", n_group=4, topk_group=2, routed_scaling_factor=16.0
        ),
    ),
    "deepseek_v3": Proof(
        replace(
            PLAIN,
            shared_width=WIDTH,
            score="sigmoid",
            renormalise=True,
            routed_scale=2.5,
            groups=4,
            groups_per_token=2,
            group_score="top2",
            correction_bias=True,
        ),
        lambda: deepseek_v3(n_group=4, topk_group=2, routed_scaling_factor=2.5),
    ),
    "granitemoe": Proof(
        replace(PLAIN, softmax_over_chosen=True),
        lambda: GraniteMoeMoE(GraniteMoeConfig(**SIZES, **LOCAL)),
    ),
    "granitemoeshared": Proof(
        replace(PLAIN, softmax_over_chosen=True, shared_width=24), granite_shared
    ),
    "gpt_oss": Proof(
        replace(PLAIN, softmax_over_chosen=True, biases=True, activation="clamped_swiglu"),
        lambda: GptOssMLP(GptOssConfig(**SIZES, **LOCAL)),
    ),
}


def randomised(module: nn.Module) -> nn.Module:
    """Large enough that routing is far from even and gpt-oss' bounds are reached."""
    generator = torch.Generator().manual_seed(11)
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data.normal_(std=0.4, generator=generator)
    return module.eval()


def converted(theirs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Bring the names and layouts of transformers' layers into ours."""
    in_turns = "router.bias" in theirs  # gpt-oss: inputs first, gate and up in turns
    ours: dict[str, torch.Tensor] = {}
    for name, tensor in theirs.items():
        part = name.removeprefix("routed.").replace("router.", "gate.")
        match part:
            case "experts.gate_up_proj" if in_turns:
                gate_up = tensor.transpose(1, 2)
                ours |= {"experts.gate_EID": gate_up[:, ::2], "experts.up_EID": gate_up[:, 1::2]}
            case "experts.gate_up_proj":
                gate, up = tensor.chunk(2, dim=1)
                ours |= {"experts.gate_EID": gate, "experts.up_EID": up}
            case "experts.gate_up_proj_bias":
                ours |= {"experts.gate_EI": tensor[:, ::2], "experts.up_EI": tensor[:, 1::2]}
            case "experts.down_proj":
                ours["experts.down_EDI"] = tensor.transpose(1, 2) if in_turns else tensor
            case "experts.down_proj_bias":
                ours["experts.down_ED"] = tensor
            case "shared_mlp.input_linear.weight":
                gate, up = tensor.chunk(2)
                ours["shared_expert.gate_proj.weight"] = gate
                ours["shared_expert.up_proj.weight"] = up
            case "shared_mlp.output_linear.weight":
                ours["shared_expert.down_proj.weight"] = tensor
            case _:
                ours[part.replace("shared_experts.", "shared_expert.")] = tensor
    return {name: tensor.contiguous() for name, tensor in ours.items()}


def pair(proof: Proof) -> tuple[MoeFeedForward, nn.Module]:
    theirs = randomised(proof.theirs())
    ours = MoeFeedForward(HIDDEN, proof.config)
    ours.load_state_dict(converted(theirs.state_dict()))
    return ours, theirs


def inputs(tokens: int) -> torch.Tensor:
    return torch.randn(tokens, HIDDEN, generator=torch.Generator().manual_seed(tokens))


def looped(layer: MoeFeedForward, x_TD: torch.Tensor, routing: Routing) -> torch.Tensor:
    """The reference: every expert reads every token, and counts by its weight, mostly zero."""
    stacks, config = layer.experts, layer.gate.config
    y_TD = torch.zeros_like(x_TD)
    for number in range(config.experts):
        parts = (stacks.gate_EID, stacks.up_EID, stacks.down_EDI)
        biases = (stacks.gate_EI, stacks.up_EI, stacks.down_ED) if config.biases else ()
        expert = FloatExpert(
            ACTIVATIONS[config.activation], *(part[number] for part in (*parts, *biases))
        )
        weight_T = (routing.weights_TA * (routing.experts_TA == number)).sum(dim=1)
        y_TD = y_TD + expert(x_TD) * weight_T[:, None]
    return y_TD


@pytest.mark.parametrize("family", PROOFS)
@pytest.mark.parametrize("tokens", TOKENS)
def test_layer_equals_that_of_transformers(family: str, tokens: int) -> None:
    ours, theirs = pair(PROOFS[family])
    x_TD = inputs(tokens)
    with torch.no_grad():
        expected = theirs(x_TD[None])
    expected_TD = (expected[0] if isinstance(expected, tuple) else expected).view(tokens, HIDDEN)
    with torch.no_grad():
        torch.testing.assert_close(ours(x_TD), expected_TD, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("family", PROOFS)
@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize("gradients", [False, True])
def test_fast_paths_equal_a_loop_over_all_experts(
    family: str, tokens: int, gradients: bool
) -> None:
    layer, _ = pair(PROOFS[family])
    layer.requires_grad_(gradients)
    x_TD = inputs(tokens)
    routing = layer.gate(x_TD)
    expected_TD = looped(layer, x_TD, routing)
    torch.testing.assert_close(layer.experts(x_TD, routing), expected_TD, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", PROOFS)
@pytest.mark.parametrize("tokens", TOKENS)
def test_gradients_equal_those_of_the_loop(family: str, tokens: int) -> None:
    layer, _ = pair(PROOFS[family])
    direction_TD = torch.randn(tokens, HIDDEN, generator=torch.Generator().manual_seed(1))

    def gradients(fast: bool) -> list[torch.Tensor]:
        x_TD = inputs(tokens).requires_grad_()
        routing = layer.gate(x_TD)
        y_TD = layer.experts(x_TD, routing) if fast else looped(layer, x_TD, routing)
        wanted = [x_TD, layer.gate.weight, *layer.experts.parameters()]
        return list(torch.autograd.grad((y_TD * direction_TD).sum(), wanted))

    for fast, reference in zip(gradients(fast=True), gradients(fast=False), strict=True):
        torch.testing.assert_close(fast, reference, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("width", [1, 6, 7])
def test_widths_that_the_grouped_product_refuses(width: int) -> None:
    layer = randomised(MoeFeedForward(HIDDEN, MoeConfig(4, 2, width)))
    x_TD = inputs(9)
    routing = layer.gate(x_TD)
    expected_TD = looped(layer, x_TD, routing)
    torch.testing.assert_close(layer.experts(x_TD, routing), expected_TD, atol=1e-5, rtol=1e-5)


def test_two_thousand_experts() -> None:
    layer = randomised(MoeFeedForward(HIDDEN, MoeConfig(2048, 8, 4)))
    for tokens in (1, 260):
        x_TD = inputs(tokens)
        routing = layer.gate(x_TD)
        expected_TD = looped(layer, x_TD, routing)
        torch.testing.assert_close(layer.experts(x_TD, routing), expected_TD, atol=1e-4, rtol=1e-4)


def test_bfloat16_stays_near_float32() -> None:
    layer, _ = pair(PROOFS["qwen2_moe renormalised"])
    x_TD = inputs(65)
    expected_TD = layer(x_TD)
    rounded_TD = layer.bfloat16()(x_TD.bfloat16())
    assert rounded_TD.dtype == torch.bfloat16
    # A few tokens near a draw choose another expert; most do not.
    near = torch.isclose(rounded_TD.float(), expected_TD, atol=0.05, rtol=0.05).float().mean()
    assert near > 0.8


@pytest.mark.parametrize("tokens", [1, 5, 65])
@pytest.mark.parametrize("family", PROOFS)
def test_senseless_numbers_are_passed_on_without_a_crash(family: str, tokens: int) -> None:
    layer, _ = pair(PROOFS[family])
    for value in (float("nan"), float("inf"), -float("inf")):
        with torch.no_grad():
            y_TD = layer(torch.full((tokens, HIDDEN), value))
        assert y_TD.shape == (tokens, HIDDEN)
