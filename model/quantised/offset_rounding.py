"""Weights at 4 bits in groups of 32 whose middle is not zero: a scale and an offset for each group.

A weight is scale x (value - 8) + offset, as in GGUF's Q4_K and Q4_1 (whose minimum is another way
to write the offset). Those weights reach us as bfloat16, from which the groups are found again: the
smallest and the largest weight are some whole number of steps apart, 15 or a few less, and once
each weight's value is known, least squares over the group give scale and offset more precisely
than bfloat16 gave the weights. Measured on Qwen2.5-Coder-1.5B, every group of Q4_K is found, and
the weights are half as far from the file's as those in bfloat16 are. Shapes: see rounding.py.
"""

import torch

from model.kernels.loading import kernels_used
from model.quantised.rounding import GROUP, GROUPS_AT_ONCE, INT4, ZERO_POINT, in_groups

_STEPS_MAX = 15
_LOSS_MAX = 2**-7
"""Of a group's largest weight: as much as bfloat16 may move a weight and a scale together."""


@torch.no_grad()
def round_with_offsets(weight_EK: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Round weights; return values EG32 (uint8), and scales and offsets EG (float16).

    Missing columns of the last group count as zero.
    """
    pieces = [_round_groups(piece.float()) for piece in _pieces(weight_EK)]
    values_N32, scale_N, offset_N, _ = (torch.cat(each) for each in zip(*pieces, strict=True))
    rows = len(weight_EK)
    return values_N32.view(rows, -1, GROUP), scale_N.view(rows, -1), offset_N.view(rows, -1)


@torch.no_grad()
def offsets_lose_nothing(weight_EK: torch.Tensor) -> bool:
    """Tell whether weights can be had from 4 bits with offsets, but for bfloat16's rounding.

    The first group that is lost ends the search.
    """
    return all(not len(_round_groups(piece.float())[3]) for piece in _pieces(weight_EK))


def _pieces(weight_EK: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return torch.split(in_groups(weight_EK), GROUPS_AT_ONCE)


def _round_groups(
    w_N32: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return values, scales, offsets, and the numbers of the groups that lose something."""
    if kernels_used(w_N32):
        found_NX = torch.ops.sourcebook.levels(w_N32.contiguous(), _STEPS_MAX, _LOSS_MAX)
        values_N32, rest_N3 = found_NX.split([GROUP, 3], dim=1)
        scale_N, offset_N, lost_N = rest_N3.unbind(dim=1)
        return _stored(values_N32), scale_N.half(), offset_N.half(), lost_N.nonzero()[:, 0]
    found = _on_levels(w_N32, _STEPS_MAX)
    lost_M = _lost(w_N32, *found).nonzero()[:, 0]
    for steps in range(_STEPS_MAX - 1, 0, -1):
        if not len(lost_M):
            break
        again = _on_levels(w_N32[lost_M], steps)
        is_lost_M = _lost(w_N32[lost_M], *again)
        for whole, part in zip(found, again, strict=True):
            whole[lost_M[~is_lost_M]] = part[~is_lost_M]
        lost_M = lost_M[is_lost_M]
    values_N32, scale_N, offset_N = found
    return _stored(values_N32), scale_N, offset_N, lost_M


def _stored(values_N32: torch.Tensor) -> torch.Tensor:
    return (values_N32 + ZERO_POINT[INT4]).to(torch.uint8)


def _on_levels(w_N32: torch.Tensor, steps: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Put the smallest weights so many steps below the largest; return signed values as floats."""
    low_N1, high_N1 = w_N32.aminmax(dim=1, keepdim=True)
    per_step_N1 = torch.where(high_N1 > low_N1, steps / (high_N1 - low_N1), 0.0)
    values_N32 = ((w_N32 - low_N1) * per_step_N1).round_() - ZERO_POINT[INT4]
    middle_N, mean_N = values_N32.mean(dim=1), w_N32.mean(dim=1)
    apart_N32 = values_N32 - middle_N[:, None]
    squares_N = apart_N32.square().sum(dim=1)
    slope_N = (apart_N32 * w_N32).sum(dim=1) / squares_N.clamp_min(1e-9)
    scale_N = slope_N.half()
    offset_N = mean_N - scale_N.float() * middle_N  # the scale's own rounding is made good
    return values_N32, scale_N, offset_N.half()


def _lost(
    w_N32: torch.Tensor, values_N32: torch.Tensor, scale_N: torch.Tensor, offset_N: torch.Tensor
) -> torch.Tensor:
    back_N32 = values_N32 * scale_N.float()[:, None] + offset_N.float()[:, None]
    loss_N = (back_N32 - w_N32).abs().amax(dim=1)
    return ~(loss_N <= _LOSS_MAX * w_N32.abs().amax(dim=1))  # also what float16 cannot hold
