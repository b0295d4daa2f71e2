from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.config import MoeConfig
from model.errors import KernelsUnavailable
from model.experts import StackedExperts
from model.kernels.loading import load_kernels, without_kernels
from model.quantised.experts import QuantisedExperts
from model.quantised.rounding import Bits
from model.quantised.stack import QuantisedStack
from model.quantised.weight import QuantisedWeight
from model.router import Routing

HIDDEN = 40


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


OFFSETS = None
"""Stands for 4 bits with offsets among the numbers of bits."""


def rounded_stack(stack: torch.Tensor, bits: Bits | None) -> QuantisedStack:
    matrices = [
        QuantisedWeight.with_offsets(matrix)
        if bits is OFFSETS
        else QuantisedWeight.of(matrix, bits)
        for matrix in stack
    ]
    packed = torch.stack([matrix.packed_NGX for matrix in matrices])
    scales = torch.stack([matrix.scales_NGR for matrix in matrices])
    return QuantisedStack(packed, scales, *stack.shape[1:])


def rounded(experts: StackedExperts, bits: Bits | None) -> QuantisedExperts:
    """Round experts, and put the rounded weights into the original for comparison."""
    stacks = []
    for name in ("gate_EID", "up_EID", "down_EDI"):
        parameter = experts.get_parameter(name)
        stacks.append(rounded_stack(parameter, bits))
        for place, matrix in enumerate(parameter):
            matrix.copy_(stacks[-1][place].dequantised(torch.float32))
    own = QuantisedExperts(experts.config, *stacks)
    own.load_state_dict(experts.state_dict(), strict=False)
    return own


def routing(tokens: int, config: MoeConfig) -> Routing:
    logits_TE = torch.randn(tokens, config.experts)
    weights_TA, experts_TA = logits_TE.softmax(-1).topk(config.experts_per_token)
    return Routing(experts_TA, weights_TA, logits_TE)


@pytest.mark.parametrize("bits", [4, OFFSETS, 5, 8])
@pytest.mark.parametrize("activation", ["silu", "clamped_swiglu"])
@pytest.mark.parametrize("tokens", [1, 5])
def test_torch_path_computes_with_the_rounded_weights(
    bits: Bits | None, activation: str, tokens: int
) -> None:
    torch.manual_seed(0)
    biases = activation == "clamped_swiglu"
    config = MoeConfig(6, 2, 32, activation=activation, biases=biases)  # type: ignore[arg-type]
    experts = StackedExperts(HIDDEN, config)
    if experts.gate_EI is not None:
        experts.gate_EI.normal_()
    own = rounded(experts, bits)
    x_TD, chosen = torch.randn(tokens, HIDDEN), routing(tokens, config)
    with without_kernels():
        torch.testing.assert_close(own(x_TD, chosen), experts(x_TD, chosen))


@given(
    tokens=st.integers(1, 60),
    experts=st.integers(1, 9),
    chosen=st.integers(1, 3),
    width=st.integers(17, 70),  # of a few columns, two rounded numbers may cancel out
    bits=st.sampled_from([4, OFFSETS, 5, 8]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=40)
def test_kernel_equals_the_torch_path(
    tokens: int,
    experts: int,
    chosen: int,
    width: int,
    bits: Bits | None,
    dtype: torch.dtype,
    seed: int,
) -> None:
    try:
        load_kernels()
    except KernelsUnavailable as error:
        pytest.skip(str(error))
    torch.manual_seed(seed)
    config = MoeConfig(experts, min(chosen, experts), width)
    own = rounded(StackedExperts(HIDDEN, config), bits)
    x_TD, routed = torch.randn(tokens, HIDDEN).to(dtype), routing(tokens, config)
    y_TD = own(x_TD, routed)
    with without_kernels():
        expected = own(x_TD.float(), routed)
    assert y_TD.dtype == dtype
    assert (y_TD.float() - expected).norm() <= 0.05 * expected.norm()
    alone = Routing(routed.experts_TA[:1], routed.weights_TA[:1], routed.logits_TE[:1])
    if tokens < 24:  # with so few rows the integer path is taken, whatever the other tokens choose
        assert torch.equal(own(x_TD[:1], alone), y_TD[:1])


def test_expert_out_of_range_is_refused() -> None:
    try:
        load_kernels()
    except KernelsUnavailable as error:
        pytest.skip(str(error))
    config = MoeConfig(2, 1, 32)
    own = rounded(StackedExperts(HIDDEN, config), 8)
    bad = Routing(torch.tensor([[2]]), torch.ones(1, 1), torch.zeros(1, 2))
    with pytest.raises(RuntimeError, match="no such expert"):
        own(torch.ones(1, HIDDEN), bad)
