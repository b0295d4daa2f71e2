"""Routed experts: what they compute, and the one seam behind which their matrices may live.

`Experts` brings tokens to experts and the results back; a subclass says where the matrices are:
stacked in memory (`StackedExperts`), rounded to few bits, or on disk behind a cache. Only experts
that some token chose are touched.

Shapes: see config.py; N tokens of one expert, M = T x A pairs of a token and an expert, sorted by
expert.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from model.activation import silu_gated
from model.config import MoeConfig
from model.router import Routing

Expert = Callable[[torch.Tensor], torch.Tensor]
"""What one expert makes of its tokens, x_ND -> y_ND."""

Activation = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Gate and up projection -> what goes down again."""


def clamped_swiglu(gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """Return gpt-oss' variant: bounded, a steeper sigmoid, and 1 added to the up projection."""
    gate = gate.clamp(max=7.0)
    return (up.clamp(-7.0, 7.0) + 1) * gate * torch.sigmoid(1.702 * gate)


ACTIVATIONS: dict[str, Activation] = {"silu": silu_gated, "clamped_swiglu": clamped_swiglu}


@dataclass(frozen=True, slots=True)
class FloatExpert:
    """One expert's matrices in a floating-point format, and its biases if it has some."""

    activation: Activation
    gate_ID: torch.Tensor
    up_ID: torch.Tensor
    down_DI: torch.Tensor
    gate_I: torch.Tensor | None = None
    up_I: torch.Tensor | None = None
    down_D: torch.Tensor | None = None

    def __call__(self, x_ND: torch.Tensor) -> torch.Tensor:
        """Transform its tokens."""
        gate_NI = F.linear(x_ND, self.gate_ID, self.gate_I)
        up_NI = F.linear(x_ND, self.up_ID, self.up_I)
        return F.linear(self.activation(gate_NI, up_NI), self.down_DI, self.down_D)


class Experts(nn.Module, ABC):
    """All routed experts of one layer, wherever they live."""

    def __init__(self, config: MoeConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def each(self, experts: Sequence[int]) -> Iterator[tuple[int, Expert]]:
        """Yield (place, expert) for every place of `experts`, in any order.

        An expert may be used until the next one is asked for.
        """

    def forward(self, x_TD: torch.Tensor, routing: Routing) -> torch.Tensor:
        """Add up, for each token, what its experts make of it."""
        if len(x_TD) == 1:  # a single token's experts need no sorting
            active = routing.experts_TA[0].tolist()
            y_MD = self._run(active, [x_TD] * len(active))
        else:
            groups = sort_by_expert(routing.experts_TA, self.config.experts)
            counts = groups.counts_E.tolist()
            active = [expert for expert, count in enumerate(counts) if count]
            pieces = torch.split(
                x_TD.index_select(0, groups.tokens_M), [counts[expert] for expert in active]
            )
            y_MD = groups.restore(self._run(active, pieces))
        return weighted_sum(y_MD, routing).to(x_TD.dtype)

    def _run(self, active: Sequence[int], pieces: Sequence[torch.Tensor]) -> torch.Tensor:
        outputs = list(pieces)
        for place, expert in self.each(active):
            outputs[place] = expert(pieces[place])
        return torch.cat(outputs)


class StackedExperts(Experts):
    """Experts in memory, one tensor for all gates, one for all ups and one for all downs."""

    gate_EI: nn.Parameter | None
    up_EI: nn.Parameter | None
    down_ED: nn.Parameter | None

    def __init__(self, hidden_size: int, config: MoeConfig) -> None:
        super().__init__(config)
        experts, width = config.experts, config.expert_width
        self.gate_EID = _matrix(experts, width, hidden_size)
        self.up_EID = _matrix(experts, width, hidden_size)
        self.down_EDI = _matrix(experts, hidden_size, width)
        for name, size in (("gate_EI", width), ("up_EI", width), ("down_ED", hidden_size)):
            bias = nn.Parameter(torch.zeros(experts, size)) if config.biases else None
            self.register_parameter(name, bias)

    def forward(self, x_TD: torch.Tensor, routing: Routing) -> torch.Tensor:
        """Add up, for each token, what its experts make of it; in one grouped product if many."""
        if not self._grouped(routing):
            return super().forward(x_TD, routing)
        groups = sort_by_expert(routing.experts_TA, self.config.experts)
        expert_M = routing.experts_TA.flatten()[groups.order_M]
        ends_E = groups.counts_E.cumsum(0, dtype=torch.int32)

        def product(
            x: torch.Tensor, stack: torch.Tensor, bias: nn.Parameter | None
        ) -> torch.Tensor:
            y = F.grouped_mm(x, stack.transpose(1, 2), offs=ends_E)
            return y if bias is None else y + bias[expert_M]

        x_MD = x_TD.index_select(0, groups.tokens_M)
        gate_MI = product(x_MD, self.gate_EID, self.gate_EI)
        up_MI = product(x_MD, self.up_EID, self.up_EI)
        gated_MI = ACTIVATIONS[self.config.activation](gate_MI, up_MI)
        y_MD = groups.restore(product(gated_MI, self.down_EDI, self.down_ED))
        return weighted_sum(y_MD, routing).to(x_TD.dtype)

    def each(self, experts: Sequence[int]) -> Iterator[tuple[int, Expert]]:
        """Yield views into the stacks."""
        stacks = (self.gate_EID, self.up_EID, self.down_EDI, self.gate_EI, self.up_EI, self.down_ED)
        for place, expert in enumerate(experts):
            parts = (None if stack is None else stack[expert] for stack in stacks)
            yield place, FloatExpert(ACTIVATIONS[self.config.activation], *parts)  # type: ignore[arg-type]

    def _grouped(self, routing: Routing) -> bool:
        """Tell whether one grouped product is at least as quick as a loop over active experts.

        It visits idle experts too, so it pays from one pair for each expert on; with gradients
        always, as the loop's views would each fill a whole stack with zeros. It needs rows of
        whole 16 bytes.
        """
        enough = routing.experts_TA.numel() >= self.config.experts or self.gate_EID.requires_grad
        rows = (stack.stride(1) * stack.element_size() for stack in (self.gate_EID, self.down_EDI))
        return enough and all(size % 16 == 0 for size in rows)


@dataclass(frozen=True, slots=True)
class Groups:
    """Pairs of token and expert, sorted by expert."""

    order_M: torch.Tensor
    """The sorted pairs' places in T x A."""
    tokens_M: torch.Tensor
    """The sorted pairs' tokens."""
    counts_E: torch.Tensor

    def restore(self, y_MD: torch.Tensor) -> torch.Tensor:
        """Bring the pairs' results back into the order T x A."""
        return y_MD.index_select(0, self.order_M.argsort())


def sort_by_expert(experts_TA: torch.Tensor, experts: int) -> Groups:
    """Bring pairs of the same expert together."""
    expert_M = experts_TA.flatten()
    order_M = expert_M.argsort(stable=True)
    counts_E = torch.bincount(expert_M, minlength=experts)
    return Groups(order_M, order_M // experts_TA.shape[1], counts_E)


def weighted_sum(y_MD: torch.Tensor, routing: Routing) -> torch.Tensor:
    """Weigh the results, given in the order T x A, and add each token's up, in float32."""
    y_TAD = y_MD.view(*routing.experts_TA.shape, -1).float()
    return torch.bmm(routing.weights_TA[:, None], y_TAD)[:, 0]


def _matrix(experts: int, outputs: int, inputs: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(experts, outputs, inputs) * inputs**-0.5)
