"""A linear layer whose weights are floating-point numbers, or rounded to 8 bits or fewer.

Shapes: x_[..]K -> y_[..]E, weight_EK; see quantised/weight.py.
"""

from collections.abc import Callable
from typing import Self

import torch
import torch.nn.functional as F
from torch import nn

from model.quantised.weight import QuantisedWeight, linear


class Projection(nn.Linear):
    """`nn.Linear`; once it has `quantised` weights, it has no others and takes no gradients."""

    quantised: QuantisedWeight | None = None

    def reset_parameters(self) -> None:
        """Start from random numbers, except on the meta device.

        There, where a checkpoint's weights follow, torch would load its symbolic algebra for it,
        half of the time that opening a model takes.
        """
        if not self.weight.is_meta:
            super().reset_parameters()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Project the last dimension."""
        if self.quantised is None:
            return F.linear(x, self.weight, self.bias)
        y_TE = linear(x.reshape(-1, self.in_features), self.quantised, self.bias)
        return y_TE.view(*x.shape[:-1], self.out_features)

    def use(self, weight: QuantisedWeight) -> None:
        """Compute with rounded weights from now on, and let go of the others."""
        self.quantised = weight
        self.register_parameter("weight", None)

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's own signature
        """Take the rounded weights along when the module moves to another device."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        if self.quantised is not None:
            self.quantised = self.quantised.on(fn(self.quantised.packed_NGX).device)
        return self
