"""Which matrices of a decoder are rounded, to how many bits, and under which names they are kept.

A precision says how many bits a matrix may take. Where its weights were rounded before, to 4 or 5
bits in the same groups, it takes no more than they need: that loses nothing and is read quicker.
At 4 bits groups may have offsets beside their scales, which together take 5 bits a weight.
Everything else stays as it is: norms, biases, routers, and the embedding, of which a step reads
one row for each token. Shapes: see packing.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import nn

from model.config import Shape
from model.experts import StackedExperts
from model.projection import Projection
from model.quantised.offset_rounding import offsets_lose_nothing
from model.quantised.packing import (
    BITS_OF_BYTES,
    BLOCK,
    have_offsets,
    packed_shape,
    scales_shape,
)
from model.quantised.rounding import INT4, INT5, INT8, Bits, loses_nothing
from model.quantised.weight import QuantisedWeight

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
    offsets: bool = False
    """Whether groups have offsets beside their scales."""

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
        return (*stack, *scales_shape(outputs, inputs, offsets=self.offsets))

    @property
    def scales_dtype(self) -> torch.dtype:
        """Number format of the scales."""
        return torch.float16 if self.offsets else torch.bfloat16

    def rounded(self, matrix_EK: torch.Tensor) -> QuantisedWeight:
        """Round one matrix."""
        if self.offsets:
            return QuantisedWeight.with_offsets(matrix_EK)
        return QuantisedWeight.of(matrix_EK, self.bits)

    def narrowed(self, weights: torch.Tensor) -> "Part":
        """Take fewer bits where these weights need no more: they were rounded before."""
        rows = weights.reshape(-1, weights.shape[-1])
        if self.bits > INT4 and loses_nothing(rows, INT4):
            return replace(self, bits=INT4)
        if self.bits > INT4 and offsets_lose_nothing(rows):
            return replace(self, bits=INT4, offsets=True)
        if self.bits > INT5 and loses_nothing(rows, INT5):
            return replace(self, bits=INT5)
        return self

    def as_stored(self, tensors: Mapping[str, torch.Tensor]) -> "Part":
        """Take the form that a file has it in, if it has it."""
        packed, scales = tensors.get(self.packed_name), tensors.get(self.scales_name)
        if packed is None or scales is None or 0 in {packed.dim(), scales.dim()}:
            return self
        bits = BITS_OF_BYTES.get(packed.shape[-1], self.bits)
        return replace(self, bits=bits, offsets=bits == INT4 and have_offsets(scales))


def parts_of(decoder: nn.Module, precision: Precision) -> list[Part]:
    """List what is rounded, at the bits that the precision allows."""
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
