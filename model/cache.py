"""What attention needs of a cache of keys and values.

Shapes: see config.py. Keys and values may differ in width; values may have width 0.
"""

from collections.abc import Sequence
from typing import Protocol

import torch

from model.step import Span


class Cache(Protocol):
    """Keeps keys and values, so that each token is computed once."""

    def extend(
        self, layer: int, spans: Sequence[Span], keys_TKC: torch.Tensor, values_TKC: torch.Tensor
    ) -> None:
        """Store a layer's keys and values of this step's tokens."""

    def read(self, layer: int, span: Span) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a layer's keys and values of a whole sequence, this step's included, KSC each.

        A view where possible: do not write to it, and do not keep it past the step.
        """
