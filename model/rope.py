"""Rotary position embedding (Su et al. 2021), in the half-split layout of Hugging Face.

Shapes: see config.py; F = C/2 frequencies.
"""

import torch

from model.config import DecoderConfig

Rotation = tuple[torch.Tensor, torch.Tensor]
"""Cosine and sine, each T1C: the same for all heads."""


def rotation(config: DecoderConfig, positions_T: torch.Tensor, dtype: torch.dtype) -> Rotation:
    """Return the rotation of each position; angles are computed in float32."""
    exponent_F = torch.arange(0, config.head_size, 2, dtype=torch.float32) / config.head_size
    frequency_F = 1.0 / config.rope_base**exponent_F
    angle_TF = torch.outer(positions_T.float(), frequency_F)
    angle_T1C = torch.cat([angle_TF, angle_TF], dim=-1)[:, None]
    return angle_T1C.cos().to(dtype), angle_T1C.sin().to(dtype)


def rotate(x_THC: torch.Tensor, by: Rotation) -> torch.Tensor:
    """Turn each pair (first half, second half) of every head by its position's angle."""
    cos_T1C, sin_T1C = by
    first, second = x_THC.chunk(2, dim=-1)
    turned_THC = torch.cat([-second, first], dim=-1)
    return x_THC * cos_T1C + turned_THC * sin_T1C
