"""The gated feed-forward on rounded weights, in one call where the kernels are in use.

Shapes: see config.py.
"""

import torch

from model.activation import silu_gated
from model.kernels.loading import kernels_used
from model.quantised.weight import QuantisedWeight, linear


def feed_forward(
    x_TD: torch.Tensor, gate: QuantisedWeight, up: QuantisedWeight, down: QuantisedWeight
) -> torch.Tensor:
    """Return down(silu(gate(x)) * up(x))."""
    if not kernels_used(x_TD):
        return linear(silu_gated(linear(x_TD, gate, None), linear(x_TD, up, None)), down, None)
    y_TD: torch.Tensor = torch.ops.sourcebook.feed_forward(
        x_TD.contiguous(),
        gate.packed_NGX,
        gate.scales_NGR,
        up.packed_NGX,
        up.scales_NGR,
        down.packed_NGX,
        down.scales_NGR,
        gate.outputs,
    )
    return y_TD
