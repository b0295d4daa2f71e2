"""Rounding and packing, which are plain torch."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.quantised.packing import pack_scales, pack_values, packed_shape, scales_shape, unpack
from model.quantised.rounding import GROUP, ZERO_POINT, Bits, round_weights

SIZES = st.integers(min_value=1, max_value=70)
BITS = pytest.mark.parametrize("bits", [4, 5, 8])


def restored(values: torch.Tensor, scales: torch.Tensor, bits: Bits) -> torch.Tensor:
    return ((values.float() - ZERO_POINT[bits]) * scales.float()[..., None]).flatten(1)


@BITS
@given(rows=SIZES, columns=SIZES, seed=st.integers(0, 99), exponent=st.integers(-30, 30))
def test_each_weight_is_near(bits: Bits, rows: int, columns: int, seed: int, exponent: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator) * 2.0**exponent
    values, scales = round_weights(weight, bits)
    error = (restored(values, scales, bits)[:, :columns] - weight).abs()
    largest = weight.abs().amax(dim=1, keepdim=True)
    # Half a step of the coarsest group; at 4 bits the search may clip a largest weight for others.
    assert (error <= largest * {4: 0.2, 5: 0.07, 8: 0.007}[bits]).all()
    assert not restored(values, scales, bits)[:, columns:].any()


@BITS
def test_zeros_stay_zero_and_tiny_weights_finite(bits: Bits) -> None:
    weight = torch.zeros(2, 3 * GROUP)
    weight[1, 0], weight[1, GROUP] = 1e-38, 1e30
    values, scales = round_weights(weight, bits)
    back = restored(values, scales, bits)
    assert torch.isfinite(back).all()
    assert not back[0].any()
    assert back[1, GROUP] == pytest.approx(1e30, rel=0.02)


def test_search_beats_the_largest_weight_as_the_scale() -> None:
    weight = torch.randn(64, 4 * GROUP, generator=torch.Generator().manual_seed(0))
    values, scales = round_weights(weight, 4)
    groups = weight.view(64, 4, GROUP)
    step = groups.abs().amax(dim=-1, keepdim=True) / 7
    plain = (groups / step).round() * step
    error = (restored(values, scales, 4) - weight).square().mean()
    assert error < 0.85 * (plain.flatten(1) - weight).square().mean()


@BITS
@given(rows=SIZES, columns=SIZES, seed=st.integers(0, 99))
def test_packing_loses_nothing(bits: Bits, rows: int, columns: int, seed: int) -> None:
    weight = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    values, scales = round_weights(weight, bits)
    packed, packed_scales = pack_values(values, bits), pack_scales(scales)
    assert packed.shape == packed_shape(rows, columns, bits)
    assert packed_scales.shape == scales_shape(rows, columns)
    back = unpack(packed, packed_scales, torch.float32)
    assert torch.equal(back[:rows], restored(values, scales, bits))
    assert not back[rows:].any()


def test_place_of_a_weight_in_memory() -> None:
    """Hold the layout that the kernels read: row 17, column 32 + 22 of a matrix."""
    values = torch.full((20, 2, GROUP), 8, dtype=torch.uint8)
    values[17, 1, 22] = 13
    packed = pack_values(values, 4).view(2, 2, 4, 16, 4)
    assert packed[1, 1, 1, 1, 2] == 13 << 4 | 8  # quad 5 = upper half of 1; row 1; column 2
    values = torch.full((20, 2, GROUP), 16, dtype=torch.uint8)
    values[17, 1, 22] = 16 + 13
    packed = pack_values(values, 5)
    assert packed[1, 1, :256].view(4, 16, 4)[1, 1, 2] == 13 << 4  # the low bits, as above
    assert packed[1, 1, 256:].view(16, 4)[1, 2] == 0xFF  # all have the highest bit
    values[17, 1, 22] = 13
    assert pack_values(values, 5)[1, 1, 256:].view(16, 4)[1, 2] == 0xFF - (1 << 5)
    values = torch.full((20, 2, GROUP), 128, dtype=torch.uint8)
    values[17, 1, 22] = 3
    assert pack_values(values, 8).view(2, 2, 8, 16, 4)[1, 1, 5, 1, 2] == 3
