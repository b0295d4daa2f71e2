"""The gated feed-forward layer (SwiGLU; Shazeer 2020).

Shapes: see config.py.
"""

import torch
from torch import nn

from model.activation import silu_gated
from model.projection import Projection
from model.quantised.feed_forward import feed_forward


class FeedForward(nn.Module):
    """down(silu(gate(x)) * up(x))."""

    def __init__(self, hidden_size: int, width: int, *, bias: bool = False) -> None:
        super().__init__()
        self.gate_proj = Projection(hidden_size, width, bias=bias)
        self.up_proj = Projection(hidden_size, width, bias=bias)
        self.down_proj = Projection(width, hidden_size, bias=bias)

    def forward(self, x_TD: torch.Tensor) -> torch.Tensor:
        """Transform each token by itself."""
        gate, up, down = self.gate_proj.quantised, self.up_proj.quantised, self.down_proj.quantised
        if gate and up and down and self.gate_proj.bias is None:
            return feed_forward(x_TD, gate, up, down)
        gated_TI = silu_gated(self.gate_proj(x_TD), self.up_proj(x_TD))
        y_TD: torch.Tensor = self.down_proj(gated_TI)
        return y_TD
