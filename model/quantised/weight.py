"""One matrix of rounded weights, and its product with activations.

Shapes: x_TK, y_TE; E outputs, K inputs; the packed ones see packing.py.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from model.kernels.loading import kernels_used
from model.quantised.offset_rounding import round_with_offsets
from model.quantised.packing import bits_of, pack_offsets, pack_scales, pack_values, unpack
from model.quantised.rounding import INT4, Bits, round_weights


@dataclass(frozen=True, slots=True)
class QuantisedWeight:
    """A matrix E x K at 8, 5 or 4 bits; a view where its tensors are."""

    packed_NGX: torch.Tensor
    scales_NGR: torch.Tensor
    outputs: int
    inputs: int

    @classmethod
    def of(cls, weight_EK: torch.Tensor, bits: Bits) -> "QuantisedWeight":
        """Round a matrix."""
        values_EG32, scales_EG = round_weights(weight_EK, bits)
        outputs, inputs = weight_EK.shape
        return cls(pack_values(values_EG32, bits), pack_scales(scales_EG), outputs, inputs)

    @classmethod
    def with_offsets(cls, weight_EK: torch.Tensor) -> "QuantisedWeight":
        """Round a matrix to 4 bits, each group around an offset of its own."""
        values_EG32, scales_EG, offsets_EG = round_with_offsets(weight_EK)
        outputs, inputs = weight_EK.shape
        scales_NGR = pack_offsets(scales_EG, offsets_EG)
        return cls(pack_values(values_EG32, INT4), scales_NGR, outputs, inputs)

    @property
    def bits(self) -> Bits:
        """The weights' precision, without their scales."""
        return bits_of(self.packed_NGX)

    def on(self, device: torch.device) -> "QuantisedWeight":
        """Return the same matrix on a device."""
        packed_NGX, scales_NGR = self.packed_NGX.to(device), self.scales_NGR.to(device)
        return QuantisedWeight(packed_NGX, scales_NGR, self.outputs, self.inputs)

    def dequantised(self, dtype: torch.dtype) -> torch.Tensor:
        """Return the matrix EK that is computed with."""
        whole = unpack(self.packed_NGX, self.scales_NGR, dtype)
        return whole[: self.outputs, : self.inputs]


def linear(
    x_TK: torch.Tensor, weight: QuantisedWeight, bias_E: torch.Tensor | None
) -> torch.Tensor:
    """Return x W^T + b, in the format of x (bfloat16 or float32).

    The compiled kernels read the weights once for all of a few rows, with activations rounded to
    int8 in groups of 32; such a row's result does not depend on the rows beside it. Of many
    bfloat16 rows they make a bfloat16 product, a piece of the weights at a time. In torch the
    whole matrix is unpacked for each call: right, and slow for a few rows.
    """
    if kernels_used(x_TK):
        y_TE: torch.Tensor = torch.ops.sourcebook.linear(
            x_TK.contiguous(), weight.packed_NGX, weight.scales_NGR, bias_E, weight.outputs
        )
        return y_TE
    return F.linear(x_TK, weight.dequantised(x_TK.dtype), bias_E)
