"""Rotary position embedding (Su et al. 2021).

Where the scaling depends on the length, it is set for the longest sequence that the decoder reads,
not for the current one: what is cached stays true while a sequence grows, so a prompt may be read
in pieces and its beginning shared.

Shapes: see config.py; F frequencies.
"""

import torch

from model.config import RopeConfig
from model.kernels.loading import kernels_used
from model.rope_scaling import frequencies

Rotation = tuple[torch.Tensor, torch.Tensor]
"""Cosine and sine, each T1F: the same for all heads."""


def rotation(
    rope: RopeConfig, context_tokens_max: int, positions_T: torch.Tensor, dtype: torch.dtype
) -> Rotation:
    """Return the rotation of each position; angles are computed in float32."""
    frequency_F = frequencies(rope.base, rope.width, rope.scaling, context_tokens_max)
    angle_TF = torch.outer(positions_T.float(), frequency_F)
    magnitude = rope.scaling.magnitude if rope.scaling else 1.0
    cos_TF, sin_TF = angle_TF.cos() * magnitude, angle_TF.sin() * magnitude
    return cos_TF[:, None].to(dtype), sin_TF[:, None].to(dtype)


def rotate(x_THC: torch.Tensor, by: Rotation, *, interleaved: bool = False) -> torch.Tensor:
    """Turn each pair of every head's first 2F channels by its position's angle.

    The result has the first members of all pairs before all the second ones, also where the pairs
    were interleaved: scores do not depend on the order, as long as queries and keys share it.
    """
    cos_T1F, sin_T1F = by
    if not interleaved and kernels_used(x_THC):
        turned_THC: torch.Tensor = torch.ops.sourcebook.rotate(x_THC.contiguous(), *by)
        return turned_THC
    width = 2 * cos_T1F.shape[-1]
    turning_THC, rest_THC = x_THC[..., :width], x_THC[..., width:]
    if interleaved:
        first, second = turning_THC[..., ::2], turning_THC[..., 1::2]
    else:
        first, second = turning_THC.chunk(2, dim=-1)
    turned_first = first * cos_T1F - second * sin_T1F
    turned_second = second * cos_T1F + first * sin_T1F
    return torch.cat([turned_first, turned_second, rest_THC], dim=-1)
