"""4-bit groups with offsets: found again where weights were made of them, and nowhere else."""

import gguf
import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType as Format
from hypothesis import given
from hypothesis import strategies as st

from model.quantised.offset_rounding import offsets_lose_nothing
from model.quantised.packing import have_offsets
from model.quantised.rounding import GROUP, INT4
from model.quantised.weight import QuantisedWeight

SEEDS = st.integers(0, 99)


def q4_k(rows: int, seed: int) -> torch.Tensor:
    """Return what a Q4_K tensor of such blocks as real files have stands for, in float32."""
    random = np.random.default_rng(seed)
    blocks = random.integers(0, 256, (rows, 144), dtype=np.uint8)  # scales of 6 bits, values of 4
    steps = random.uniform([1e-4, 1e-3], [1e-3, 4e-3], (rows, 2)).astype(np.float16)
    blocks[:, :4] = steps.view(np.uint8)
    return torch.from_numpy(gguf.quants.dequantize(blocks, Format.Q4_K))


@given(rows=st.integers(1, 40), seed=SEEDS)
def test_groups_of_q4_k_are_found_again(rows: int, seed: int) -> None:
    exact = q4_k(rows, seed)
    seen = exact.bfloat16()
    assert offsets_lose_nothing(seen)
    weight = QuantisedWeight.with_offsets(seen)
    assert weight.bits == INT4
    assert have_offsets(weight.scales_NGR)
    back = weight.dequantised(torch.float32)
    assert back.shape == exact.shape
    largest = exact.view(-1, GROUP).abs().amax(dim=1, keepdim=True)
    # Of bfloat16 half of it; the most where steps are so small that bfloat16 runs them together.
    assert ((back - exact).view(-1, GROUP).abs() <= largest * (2**-7 + 2**-8)).all()


def test_they_are_nearer_to_the_file_than_bfloat16_is() -> None:
    exact = q4_k(200, seed=1)
    back = QuantisedWeight.with_offsets(exact.bfloat16()).dequantised(torch.float32)
    lost = (back - exact).square().mean()
    assert lost < 0.5 * (exact.bfloat16().float() - exact).square().mean()


@given(
    seed=SEEDS,
    place=st.integers(0, 99),
    steps=st.sampled_from([8, 11, 14, 15]),
    offset=st.floats(-0.1, 0.1),
)
def test_one_weight_between_the_levels_is_seen(
    seed: int, place: int, steps: int, offset: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(0, steps + 1, (100, GROUP), generator=generator)
    values[:, :2] = torch.tensor([0, steps])  # so that every group has all its width
    weight = 0.01 * values + offset
    assert offsets_lose_nothing(weight.bfloat16())
    weight[place, 5] = 0.01 * 3.5 + offset
    assert not offsets_lose_nothing(weight.bfloat16())


@pytest.mark.parametrize("spread", [1.0, 1e-30, 1e30])
def test_other_weights_are_not(spread: float) -> None:
    weight = torch.randn(8, 64, generator=torch.Generator().manual_seed(0)) * spread
    assert not offsets_lose_nothing(weight)


def test_equal_weights_and_zeros_are_kept() -> None:
    weight = torch.zeros(3, 2 * GROUP)
    weight[1], weight[2, :GROUP] = 0.125, -3
    assert offsets_lose_nothing(weight)
    assert torch.equal(QuantisedWeight.with_offsets(weight).dequantised(torch.float32), weight)
