"""A linear layer that may keep a second, smaller copy of its weights for one token at a time.

Many tokens at once are bound by arithmetic: bfloat16 is quickest. A single token is bound by
reading the weights: int8, one scale for each output row, reads half as much.

Shapes: x_[..]D -> [..]E, weight_ED, weight_int8_ED, scale_E.
"""

import torch
import torch.nn.functional as F
from torch import nn

Quantised = tuple[torch.Tensor, torch.Tensor]


class Projection(nn.Linear):
    """`nn.Linear`, with int8 weights for single tokens once `single_token` is set."""

    single_token: Quantised | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Project the last dimension."""
        if self.single_token is None or x.numel() != self.in_features:
            return F.linear(x, self.weight, self.bias)
        weight_int8_ED, scale_E = self.single_token
        y_1E = torch._weight_int8pack_mm(x.reshape(1, -1), weight_int8_ED, scale_E)
        y = y_1E.view(*x.shape[:-1], self.out_features)
        return y if self.bias is None else y + self.bias


def quantise_rows(weight_ED: torch.Tensor) -> Quantised:
    """Round weights to int8, symmetric, one scale for each row in the weights' own format.

    The scale is rounded before it is used, so that its own rounding costs no accuracy.
    """
    w_ED = weight_ED.float()
    largest_E = w_ED.abs().amax(dim=1).clamp_min(1e-8)
    scale_E = (largest_E / 127).to(weight_ED.dtype)
    q_ED = (w_ED / scale_E.float()[:, None]).round_().clamp_(-127, 127)
    return q_ED.to(torch.int8), scale_E


def projections(module: nn.Module) -> dict[str, Projection]:
    """Name all projections below a module."""
    return {name: child for name, child in module.named_modules() if isinstance(child, Projection)}
