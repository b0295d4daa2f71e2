"""Which matrices of a decoder are rounded, to how many bits, and under which names they are kept.

Everything else stays as it is: norms, biases, routers, and the embedding, of which a step reads
one row for each token. Shapes: see packing.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from model.config import Shape
from model.experts import StackedExperts
from model.projection import Projection
from model.quantised.packing import BLOCK, packed_shape, scales_shape
from model.quantised.rounding import INT4, INT8, Bits

Precision = Literal["int8", "int4"]
HEAD = "lm_head"
ATTENTION = ".self_attn."
STACKS = ("gate_EID", "up_EID", "down_EDI")


@dataclass(frozen=True, slots=True)
class Part:
    """One matrix, or the matrices of all experts of a layer, one after the other."""

    name: str
    """The parameter's name in the decoder."""
    shape: Shape
    bits: Bits

    @property
    def packed_name(self) -> str:
        """Name of the packed integers."""
        return f"{self.name}.packed"

    @property
    def scales_name(self) -> str:
        """Name of the scales."""
        return f"{self.name}.scales"

    @property
    def packed_shape(self) -> Shape:
        """Shape of the packed integers."""
        *stack, outputs, inputs = self.shape
        return (*stack, *packed_shape(outputs, inputs, self.bits))

    @property
    def scales_shape(self) -> Shape:
        """Shape of the scales."""
        *stack, outputs, inputs = self.shape
        return (*stack, *scales_shape(outputs, inputs))


def parts_of(decoder: nn.Module, precision: Precision) -> list[Part]:
    """List what is rounded."""
    return [
        Part(name, tuple(matrix.shape), _bits(name, precision))
        for name, matrix in _matrices(decoder)
    ]


def _matrices(decoder: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    for name, module in decoder.named_modules():
        if isinstance(module, Projection) and module.out_features >= BLOCK:  # no gate of one row
            yield f"{name}.weight", module.weight
        elif isinstance(module, StackedExperts):
            for stack in STACKS:
                yield f"{name}.{stack}", module.get_parameter(stack)


def _bits(name: str, precision: Precision) -> Bits:
    """At int4, the head and attention keep 8 bits.

    Measured on the default model (`benchmarks/quantisation.py`): attention is an eighth of the
    body's weights and a third of what 4 bits cost in quality.
    """
    is_delicate = name.startswith(HEAD) or ATTENTION in name
    return INT4 if precision == "int4" and not is_delicate else INT8
