"""The layers of a BERT encoder, whatever computes them."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """The weights in the order of `encoder_pass.token_states`."""

    heads: int
    epsilon: float
    weights: list[Tensor]
    biases: list[Tensor]
    norm_weights: list[Tensor]
    norm_biases: list[Tensor]


class Layers(Protocol):
    """All layers as one pass over the rows (R, H) of texts that lie end to end.

    A text's result does not depend on the texts beside it. Threads may share one.
    """

    @property
    def dtype(self) -> torch.dtype:
        """What the rows have to be."""
        ...

    def states(self, rows: Tensor, lengths: list[int]) -> Tensor:
        """Return what the last layer says of each row: (R, H)."""
        ...

    def vectors(self, rows: Tensor, lengths: list[int]) -> Tensor:
        """Return a vector of length 1 for each text: (texts, H) float32."""
        ...
