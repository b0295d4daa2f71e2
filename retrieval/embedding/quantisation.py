"""Weights in blocks of 32: a half-precision scale, then 16 bytes of two 4-bit numbers each.

This is the layout that llama.cpp calls Q4_0: the low halves of the 16 bytes are weights 0 to 15,
the high halves are weights 16 to 31, and a weight is (number - 8) * scale.
"""

import torch
from torch import Tensor

BLOCK_WEIGHTS = 32
BLOCK_BYTES = 18
_SCALE_BYTES = 2


def dequantise(blocks: Tensor) -> Tensor:
    """Turn uint8 blocks (..., n, 18) into float32 weights (..., n * 32)."""
    scales = blocks[..., :_SCALE_BYTES].contiguous().view(torch.float16).to(torch.float32)
    numbers = blocks[..., _SCALE_BYTES:]
    weights = torch.cat((numbers & 15, numbers >> 4), dim=-1).to(torch.float32).sub_(8).mul_(scales)
    return weights.flatten(-2)
