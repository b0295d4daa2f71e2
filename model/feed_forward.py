"""The gated feed-forward layer (SwiGLU; Shazeer 2020).

Shapes: see config.py.
"""

import torch
import torch.nn.functional as F
from torch import nn

from model.config import DecoderConfig
from model.projection import Projection


class FeedForward(nn.Module):
    """down(silu(gate(x)) * up(x))."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        hidden, wide = config.hidden_size, config.feed_forward_size
        self.gate_proj = Projection(hidden, wide, bias=False)
        self.up_proj = Projection(hidden, wide, bias=False)
        self.down_proj = Projection(wide, hidden, bias=False)

    def forward(self, x_BTD: torch.Tensor) -> torch.Tensor:
        """Transform each token by itself."""
        gated_BTI = F.silu(self.gate_proj(x_BTD)) * self.up_proj(x_BTD)
        y_BTD: torch.Tensor = self.down_proj(gated_BTI)
        return y_BTD
