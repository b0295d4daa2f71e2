"""Routed experts whose matrices are rounded to 8 bits or fewer.

Shapes: see config.py and experts.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from model.config import MoeConfig
from model.experts import ACTIVATIONS, Activation, Expert, Experts
from model.kernels.loading import kernels_used
from model.quantised.stack import QuantisedStack
from model.quantised.weight import QuantisedWeight, linear
from model.router import Routing


@dataclass(frozen=True, slots=True)
class QuantisedExpert:
    """One expert's matrices, and its biases if it has some."""

    activation: Activation
    gate: QuantisedWeight
    up: QuantisedWeight
    down: QuantisedWeight
    gate_I: torch.Tensor | None = None
    up_I: torch.Tensor | None = None
    down_D: torch.Tensor | None = None

    def __call__(self, x_ND: torch.Tensor) -> torch.Tensor:
        """Transform its tokens."""
        gate_NI = linear(x_ND, self.gate, self.gate_I)
        up_NI = linear(x_ND, self.up, self.up_I)
        return linear(self.activation(gate_NI, up_NI), self.down, self.down_D)


class QuantisedExperts(Experts):
    """Experts in memory, rounded; the biases are not."""

    gate_EI: nn.Parameter | None
    up_EI: nn.Parameter | None
    down_ED: nn.Parameter | None

    def __init__(
        self, config: MoeConfig, gate: QuantisedStack, up: QuantisedStack, down: QuantisedStack
    ) -> None:
        super().__init__(config)
        self.gate, self.up, self.down = gate, up, down
        for name, stack in (("gate_EI", gate), ("up_EI", up), ("down_ED", down)):
            bias = nn.Parameter(torch.empty(config.experts, stack.outputs))
            self.register_parameter(name, bias if config.biases else None)

    def forward(self, x_TD: torch.Tensor, routing: Routing) -> torch.Tensor:
        """Add up, for each token, what its experts make of it; in one call of the kernels."""
        if not self._is_plain or not kernels_used(x_TD):
            return super().forward(x_TD, routing)
        y_TD: torch.Tensor = torch.ops.sourcebook.experts(
            x_TD.contiguous(),
            routing.experts_TA.contiguous(),
            routing.weights_TA.float().contiguous(),
            self.gate.packed_ENGX,
            self.gate.scales_ENGR,
            self.up.packed_ENGX,
            self.up.scales_ENGR,
            self.down.packed_ENGX,
            self.down.scales_ENGR,
            self.config.expert_width,
        )
        return y_TD

    @property
    def _is_plain(self) -> bool:
        return self.config.activation == "silu" and not self.config.biases

    def each(self, experts: Sequence[int]) -> Iterator[tuple[int, Expert]]:
        """Yield views into the stacks."""
        activation = ACTIVATIONS[self.config.activation]
        matrices = (self.gate, self.up, self.down)
        biases = (self.gate_EI, self.up_EI, self.down_ED)
        for place, expert in enumerate(experts):
            gate, up, down = (stack[expert] for stack in matrices)
            own = (None if bias is None else bias[expert] for bias in biases)
            yield place, QuantisedExpert(activation, gate, up, down, *own)
