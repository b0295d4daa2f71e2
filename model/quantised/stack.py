"""Matrices of equal shape, rounded one by one: one kind of matrix of a layer's experts.

Shapes: see packing.py; E experts.
"""

from dataclasses import dataclass

import torch

from model.quantised.weight import QuantisedWeight


@dataclass(frozen=True, slots=True)
class QuantisedStack:
    """One matrix for each expert."""

    packed_ENGX: torch.Tensor
    scales_ENGR: torch.Tensor
    outputs: int
    inputs: int

    def __getitem__(self, expert: int) -> QuantisedWeight:
        """Return one expert's matrix, as a view."""
        packed_NGX, scales_NGR = self.packed_ENGX[expert], self.scales_ENGR[expert]
        return QuantisedWeight(packed_NGX, scales_NGR, self.outputs, self.inputs)
