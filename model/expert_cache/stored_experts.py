"""Experts on disk, one by one, whatever form they have there.

Shapes: see config.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import torch

from model.config import Shape
from model.expert_cache.stored_tensors import StoredTensor
from model.experts import Expert

_ALIGNMENT = 64  # bytes: whole cache lines, and more than any kernel asks for


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of tensor that experts have, such as `gate_ID`, for all experts of a layer."""

    name: str
    shape: Shape
    dtype: torch.dtype
    stored: Sequence[StoredTensor]
    """One for each expert, or a single one that holds all."""
    pick: Callable[[torch.Tensor], torch.Tensor] | None = None
    """What is on disk -> the parts; None if they are the same. Both have experts first."""

    def of(self, expert: int) -> StoredTensor:
        """Return where an expert's part is, or what it is picked from."""
        return self.stored[expert] if len(self.stored) > 1 else self.stored[0].entry(expert)

    @property
    def slot_bytes(self) -> int:
        """What it takes in memory."""
        return -(-prod(self.shape) * self.dtype.itemsize // _ALIGNMENT) * _ALIGNMENT


@dataclass(frozen=True, slots=True)
class Slot:
    """Memory for one expert."""

    parts: Mapping[str, torch.Tensor]
    expert: Expert
    """It computes with the parts, whatever was read into them last."""


@dataclass(frozen=True, slots=True)
class StoredExperts:
    """All routed experts of a checkpoint."""

    layers: Mapping[int, Sequence[Part]]
    """The parts of each layer that has experts; of one shape in all layers."""
    experts_per_layer: int
    build: Callable[[Mapping[str, torch.Tensor]], Expert]
    """An expert's parts -> the expert."""

    @property
    def slot_bytes(self) -> int:
        """Memory that one expert takes."""
        return sum(part.slot_bytes for part in self._kinds)

    def new_slot(self) -> Slot:
        """Claim memory for an expert."""
        memory = torch.empty(self.slot_bytes, dtype=torch.uint8)
        parts: dict[str, torch.Tensor] = {}
        start = 0
        for kind in self._kinds:
            size = prod(kind.shape) * kind.dtype.itemsize
            parts[kind.name] = memory[start : start + size].view(kind.dtype).view(kind.shape)
            start += kind.slot_bytes
        return Slot(parts, self.build(parts))

    def read(self, layer: int, expert: int, slot: Slot) -> None:
        """Fill a slot.

        Raises:
            CheckpointError: a file is cut short or cannot be read.
        """
        wholes: dict[int, torch.Tensor] = {}  # two parts may be picked from one tensor
        for part in self.layers[layer]:
            stored, target = part.of(expert), slot.parts[part.name]
            if part.pick is None:
                stored.read_into(target)
                continue
            if stored.offset not in wholes:
                wholes[stored.offset] = torch.empty((1, *stored.shape), dtype=stored.dtype)
                stored.read_into(wholes[stored.offset])
            target.copy_(part.pick(wholes[stored.offset])[0])

    @property
    def _kinds(self) -> Sequence[Part]:
        return next(iter(self.layers.values()))
