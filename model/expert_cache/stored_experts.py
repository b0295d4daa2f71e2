"""Experts on disk, one by one, whatever form they have there.

Shapes: see config.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch

from model.config import Shape
from model.expert_cache.stored_tensors import (
    PAGE,
    StoredTensor,
    bytes_together,
    page_aligned,
    read_together,
)
from model.experts import Expert

_ALIGNMENT = 64  # bytes: whole cache lines


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
    def size(self) -> int:
        """Bytes of one expert's part, with those that keep the next one aligned."""
        return -(-prod(self.shape) * self.dtype.itemsize // _ALIGNMENT) * _ALIGNMENT


@dataclass(frozen=True)
class StoredExperts:
    """All routed experts of a checkpoint."""

    layers: Mapping[int, Sequence[Part]]
    """The parts of each layer that has experts; of one shape in all layers."""
    experts_per_layer: int
    build: Callable[[Mapping[str, torch.Tensor]], Expert]
    """An expert's parts -> the expert."""

    @cached_property
    def slot_bytes(self) -> int:
        """Memory that one expert takes at most."""
        parts = sum(part.size for part in self._kinds)
        return PAGE + (parts if self._picked else self._read_bytes)

    def new_slot(self) -> torch.Tensor:
        """Claim memory for an expert."""
        return page_aligned(self.slot_bytes - PAGE)

    def read(self, layer: int, expert: int, slot: torch.Tensor) -> Expert:
        """Fill a slot; the expert computes with what is there.

        Raises:
            CheckpointError: a file is cut short or cannot be read.
        """
        parts = self.layers[layer]
        stored = _wanted(parts, expert)
        memory = page_aligned(self._read_bytes) if self._picked else slot
        read = dict(zip(stored, read_together(stored, memory), strict=True))
        tensors = {part.name: read[part.of(expert)] for part in parts}
        return self.build(self._pick_into(slot, tensors) if self._picked else tensors)

    def _pick_into(
        self, slot: torch.Tensor, read: Mapping[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        parts: dict[str, torch.Tensor] = {}
        start = 0
        for kind in self._kinds:
            size = prod(kind.shape) * kind.dtype.itemsize
            part = slot[start : start + size].view(kind.dtype).view(kind.shape)
            whole = read[kind.name]
            parts[kind.name] = part.copy_(kind.pick(whole[None])[0] if kind.pick else whole)
            start += kind.size
        return parts

    @cached_property
    def _read_bytes(self) -> int:
        return max(
            bytes_together(_wanted(parts, expert))
            for parts in self.layers.values()
            for expert in range(self.experts_per_layer)
        )

    @cached_property
    def _picked(self) -> bool:
        return any(part.pick for part in self._kinds)

    @property
    def _kinds(self) -> Sequence[Part]:
        return next(iter(self.layers.values()))


def _wanted(parts: Sequence[Part], expert: int) -> list[StoredTensor]:
    """Return what to read for an expert; two parts may be picked from one tensor."""
    return list(dict.fromkeys(part.of(expert) for part in parts))
