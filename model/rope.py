"""Rotary position embedding (Su et al. 2021), in the half-split layout of Hugging Face.

Shapes: see config.py; R = C/2 frequencies.
"""

import torch

from model.config import DecoderConfig

Rotation = tuple[torch.Tensor, torch.Tensor]
"""Cosine and sine, each TC."""


def rotation(config: DecoderConfig, start: int, count: int, dtype: torch.dtype) -> Rotation:
    """Return the rotation of `count` positions from `start`; angles are computed in float32."""
    exponent_R = torch.arange(0, config.head_size, 2, dtype=torch.float32) / config.head_size
    frequency_R = 1.0 / config.rope_base**exponent_R
    position_T = torch.arange(start, start + count, dtype=torch.float32)
    angle_TR = torch.outer(position_T, frequency_R)
    angle_TC = torch.cat([angle_TR, angle_TR], dim=-1)
    return angle_TC.cos().to(dtype), angle_TC.sin().to(dtype)


def rotate(x_BHTC: torch.Tensor, by: Rotation) -> torch.Tensor:
    """Turn each pair (first half, second half) of every head by its position's angle."""
    cos_TC, sin_TC = by
    first, second = x_BHTC.chunk(2, dim=-1)
    turned_BHTC = torch.cat([-second, first], dim=-1)
    return x_BHTC * cos_TC + turned_BHTC * sin_TC
