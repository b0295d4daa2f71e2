"""Experts in memory: which are there, which must stay, which go first. Not for several threads."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from model.expert_cache.ranking import Ranking
from model.expert_cache.stored_experts import StoredExperts
from model.experts import Expert

Key = tuple[int, int]
"""Layer and expert."""


@dataclass(slots=True)
class Resident:
    """An expert in memory, or on its way there."""

    slot: torch.Tensor
    expert: Expert | None = None
    """None until it has been read."""
    foreseen: bool = False
    """Whether it was read for a wish and has not been used since."""


class Shelf:
    """At most `capacity` experts. One that is pinned is never let go."""

    def __init__(self, stored: StoredExperts, capacity: int, half_life_steps: float) -> None:
        self._stored = stored
        self._capacity = capacity
        self._residents: dict[Key, Resident] = {}
        self._free: list[torch.Tensor] = []
        self._slots = 0
        self._pins: Counter[Key] = Counter()
        keys = [(layer, e) for layer in stored.layers for e in range(stored.experts_per_layer)]
        self._keys = keys
        self._numbers = {key: number for number, key in enumerate(keys)}
        self._ranking = Ranking(len(keys), half_life_steps)

    @property
    def bytes(self) -> int:
        """Memory claimed so far."""
        return self._slots * self._stored.slot_bytes

    def find(self, key: Key) -> Resident | None:
        """Return an expert that is here or on its way."""
        return self._residents.get(key)

    def pinned(self, key: Key) -> bool:
        """Tell whether somebody needs the expert."""
        return key in self._pins

    def pin(self, keys: Iterable[Key]) -> None:
        """Keep experts, also those that are yet to come. Pins are counted."""
        for key in keys:
            self._pins[key] += 1
            self._ranking.withdraw(self._numbers[key])

    def unpin(self, keys: Iterable[Key]) -> None:
        """Take back one pin of each."""
        for key in keys:
            self._pins[key] -= 1
            if not self._pins[key]:
                del self._pins[key]
                self._offer(key)

    def used(self, key: Key, step: float) -> None:
        """Count a use, which makes the expert stay longer."""
        self._ranking.use(self._numbers[key], step)

    def claim(self, key: Key) -> Resident | None:
        """Make room for an expert, if that can be; it is then on its way."""
        if (slot := self._room()) is None:
            return None
        self._residents[key] = Resident(slot)
        return self._residents[key]

    def arrived(self, key: Key, expert: Expert) -> None:
        """Say that the slot of an expert has been filled."""
        self._residents[key].expert = expert
        if not self.pinned(key):
            self._offer(key)

    def failed(self, key: Key) -> None:
        """Say that it could not be."""
        self._free.append(self._residents.pop(key).slot)

    def _offer(self, key: Key) -> None:
        if (found := self._residents.get(key)) and found.expert:
            self._ranking.offer(self._numbers[key])

    def _room(self) -> torch.Tensor | None:
        if self._free:
            return self._free.pop()
        if self._slots < self._capacity:
            slot = self._stored.new_slot()
            self._slots += 1
            return slot
        if (number := self._ranking.lowest()) is None:
            return None
        self._ranking.withdraw(number)
        return self._residents.pop(self._keys[number]).slot
