"""Weights rounded to integers in groups of 32 columns, each group with a scale of its own.

Shapes: weight_EK, E outputs and K inputs; G groups of 32 inputs; N groups of any matrix.
"""

from typing import Literal

import torch
import torch.nn.functional as F

from model.kernels.loading import kernels_used

Bits = Literal[4, 5, 8]
INT4: Bits = 4
INT5: Bits = 5
INT8: Bits = 8
GROUP = 32
ZERO_POINT: dict[int, int] = {8: 128, 5: 16, 4: 8}
"""What is added to a value to store it without a sign."""

_LARGEST = {8: 127, 5: 16, 4: 8}
"""The size of the integer that a group's largest weight is rounded to."""
_LOWEST = {8: -127, 5: -16, 4: -8}
_HIGHEST = {8: 127, 5: 15, 4: 7}
_CANDIDATES = torch.linspace(-1.0, 1.0, 11)
"""At 4 bits: how far the largest weight's integer may lie from 8, so that the others fit better."""
_LOSS_MAX = 2**-7
"""Of a weight: it was rounded to bfloat16, and so is the scale, each by up to 2^-8."""
GROUPS_AT_ONCE = 1 << 11
"""Few enough that a step's numbers stay in the processor's cache."""


@torch.no_grad()
def round_weights(weight_EK: torch.Tensor, bits: Bits) -> tuple[torch.Tensor, torch.Tensor]:
    """Round weights; return values EG32 (uint8, zero point added) and scales EG (bfloat16).

    Missing columns of the last group count as zero. The scale is rounded to bfloat16 before it is
    used, so that its own rounding costs no accuracy.
    """
    groups_N32 = in_groups(weight_EK)
    pieces = [
        _round_groups(piece.float(), bits) for piece in torch.split(groups_N32, GROUPS_AT_ONCE)
    ]
    values_N32 = torch.cat([values for values, _ in pieces])
    scales_N = torch.cat([scales for _, scales in pieces])
    rows = weight_EK.shape[0]
    return values_N32.view(rows, -1, GROUP), scales_N.view(rows, -1)


@torch.no_grad()
def loses_nothing(weight_EK: torch.Tensor, bits: Bits) -> bool:
    """Tell whether weights can be had from so few bits, but for bfloat16's rounding.

    So it is where they were rounded before in the same way, as in GGUF's Q4_0 and Q5_0. The first
    group that is lost ends the search.
    """
    for piece in torch.split(in_groups(weight_EK), GROUPS_AT_ONCE):
        w_N32 = piece.float()
        values_N32, scale_N = _round_groups(w_N32, bits)
        back_N32 = (values_N32.float() - ZERO_POINT[bits]) * scale_N.float()[:, None]
        if not ((back_N32 - w_N32).abs() <= _LOSS_MAX * w_N32.abs()).all():
            return False
    return True


def in_groups(weight_EK: torch.Tensor) -> torch.Tensor:
    """Cut rows into groups N32; missing columns of the last one are zero."""
    return F.pad(weight_EK, (0, -weight_EK.shape[1] % GROUP)).reshape(-1, GROUP)


def _round_groups(w_N32: torch.Tensor, bits: Bits) -> tuple[torch.Tensor, torch.Tensor]:
    place_N1 = w_N32.abs().argmax(dim=1, keepdim=True)
    scale_N = -w_N32.gather(1, place_N1)[:, 0] / _LARGEST[bits]  # the largest becomes -8 of -8..7
    if bits == INT4:
        scale_N = _best_scale(w_N32, scale_N)
    scale_N = scale_N.bfloat16()
    values_N32 = _integers(w_N32, scale_N.float(), bits)
    return (values_N32 + ZERO_POINT[bits]).to(torch.uint8), scale_N


def _best_scale(w_N32: torch.Tensor, scale_N: torch.Tensor) -> torch.Tensor:
    """Search the scale of least squared error near a first one.

    For given integers q the best scale is w.q / q.q, and it removes (w.q)^2 / q.q of the error.
    """
    factors = 8 / (8 + _CANDIDATES)
    if kernels_used(w_N32):
        found_N: torch.Tensor = torch.ops.sourcebook.best_scales(w_N32, scale_N, factors)
        return found_N
    best_N, removed_N = scale_N, torch.full_like(scale_N, -1.0)
    for factor in factors.tolist():
        q_N32 = _integers(w_N32, scale_N * factor, INT4)
        wq_N = (w_N32 * q_N32).sum(dim=1)
        qq_N = q_N32.square().sum(dim=1).clamp_min(1e-30)
        better_N = wq_N.square() / qq_N > removed_N
        removed_N = torch.where(better_N, wq_N.square() / qq_N, removed_N)
        best_N = torch.where(better_N, wq_N / qq_N, best_N)
    return best_N


def _integers(w_N32: torch.Tensor, scale_N: torch.Tensor, bits: Bits) -> torch.Tensor:
    inverse_N = torch.where(scale_N == 0, 0.0, 1.0 / scale_N)
    return (w_N32 * inverse_N[:, None]).round_().clamp_(_LOWEST[bits], _HIGHEST[bits])
