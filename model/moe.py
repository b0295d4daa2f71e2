"""The mixture-of-experts feed-forward: a router, routed experts, and a shared one for all tokens.

Shapes: see config.py.
"""

import torch
from torch import nn

from model.config import MoeConfig
from model.experts import Experts, StackedExperts
from model.feed_forward import FeedForward
from model.projection import Projection
from model.router import Router


class MoeFeedForward(nn.Module):
    """Routed experts, plus the shared expert where there is one.

    `experts` may be replaced by any other `Experts` of the same layer.
    """

    experts: Experts
    shared_expert: FeedForward | None
    shared_expert_gate: Projection | None

    def __init__(self, hidden_size: int, config: MoeConfig) -> None:
        super().__init__()
        self.gate = Router(hidden_size, config)
        self.experts = StackedExperts(hidden_size, config)
        shared = FeedForward(hidden_size, config.shared_width) if config.shared_width else None
        self.shared_expert = shared
        gated = bool(shared) and config.shared_gated
        self.shared_expert_gate = Projection(hidden_size, 1, bias=False) if gated else None

    def forward(self, x_TD: torch.Tensor) -> torch.Tensor:
        """Transform each token by itself."""
        y_TD: torch.Tensor = self.experts(x_TD, self.gate(x_TD))
        if self.shared_expert is None:
            return y_TD
        shared_TD: torch.Tensor = self.shared_expert(x_TD)
        if self.shared_expert_gate is not None:
            shared_TD = torch.sigmoid(self.shared_expert_gate(x_TD)) * shared_TD
        return y_TD + shared_TD
