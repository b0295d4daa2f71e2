"""Experts within a budget of memory; the others are read when they are asked for, or before.

Reader threads serve demands (experts that a layer waits for) before wishes (those that the next
layer will probably want). Experts in use or wished for stay; of the others those used least go.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from model.errors import ExpertMemoryTooSmall
from model.expert_cache.shelf import Key, Resident, Shelf
from model.expert_cache.stored_experts import StoredExperts
from model.experts import Expert

HALF_LIFE_STEPS = 32.0
"""Half-life of an expert's uses. Where 30 % fit and popularity follows Zipf's law (exponent 1.2),
72 % are found in memory, and 60 % if always the least recently used one goes. Where popularity
changes every 60 steps 60 % are, and 40 % if always the least often used one goes."""
READERS = 2
"""Two reads at once are about 1.6 times as quick from a disk; more only take processor time."""


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """What was asked for so far, and how it was found."""

    hits: int = 0
    """Experts that were in memory when their layer asked for them."""
    foreseen: int = 0
    """Those of the hits that were there because they had been wished for."""
    misses: int = 0
    """Experts that their layer had to wait for, if only for the rest of a read."""
    reads: int = 0
    """Experts read from disk, whether they were then needed or not."""

    @property
    def hit_rate(self) -> float:
        """The share of hits; 0 if nothing was asked for."""
        return self.hits / max(self.hits + self.misses, 1)


class ExpertCache:
    """The routed experts of all layers. Safe to share among threads."""

    def __init__(
        self,
        stored: StoredExperts,
        bytes_max: int,
        *,
        half_life_steps: float = HALF_LIFE_STEPS,
        readers: int = READERS,
    ) -> None:
        """Start the readers; memory is claimed as it is used.

        Raises:
            ExpertMemoryTooSmall: not even two experts fit.
        """
        total = len(stored.layers) * stored.experts_per_layer
        self.capacity = min(bytes_max // stored.slot_bytes, total)
        if self.capacity < min(2, total):
            raise ExpertMemoryTooSmall(bytes_max, 2 * stored.slot_bytes)
        self._stored = stored
        self._shelf = Shelf(stored, self.capacity, half_life_steps)
        self._lock = threading.RLock()  # held for everything below
        self._work = threading.Condition(self._lock)
        self._arrival = threading.Condition(self._lock)
        self._demands: deque[Key] = deque()
        self._wishes: deque[Key] = deque()
        self._wished: tuple[Key, ...] = ()
        self._errors: dict[Key, Exception] = {}
        self._steps = 0.0
        self._statistics = CacheStatistics()
        self._closed = False
        for number in range(readers):
            name = f"expert-reader-{number}"
            threading.Thread(target=self._read_until_closed, name=name, daemon=True).start()

    @property
    def resident_bytes(self) -> int:
        """Memory that experts take now."""
        with self._lock:
            return self._shelf.bytes

    @property
    def statistics(self) -> CacheStatistics:
        """What was asked for so far."""
        with self._lock:
            return self._statistics

    def foresee(self, layer: int, experts: Sequence[int]) -> None:
        """Wish for experts, the likeliest first, in place of all earlier wishes.

        They are read once the next `use` has said what it needs. At most half the budget is spent
        on wishes.
        """
        keys = tuple((layer, expert) for expert in experts)[: self.capacity // 2]
        with self._lock:
            self._shelf.pin(keys)
            self._drop_wishes()
            self._wished = keys
            self._wishes.extend(key for key in keys if self._shelf.find(key) is None)

    def use(self, layer: int, experts: Sequence[int]) -> Iterator[tuple[int, Expert]]:
        """Yield (place, expert) for every place of `experts`, those in memory first.

        An expert may be used until the next one is asked for.

        Raises:
            CheckpointError: an expert cannot be read.
            RuntimeError: there is no memory for one, though the budget allows it.
        """
        waiting = {(layer, expert): place for place, expert in enumerate(experts)}
        self._demand(tuple(waiting))
        try:
            while waiting:
                key, expert = self._next_ready(waiting)
                yield waiting[key], expert
                del waiting[key]
                self._release((key,))
        finally:
            self._release(waiting)

    def close(self) -> None:
        """Let the readers end; nobody may use the cache any more."""
        with self._lock:
            self._closed = True
            self._work.notify_all()

    def _demand(self, keys: Sequence[Key]) -> None:
        with self._lock:
            self._steps += 1 / len(self._stored.layers)
            self._shelf.pin(keys)
            if self._wished and self._wished[0][0] == keys[0][0]:  # they were for this layer
                self._drop_wishes()
            for key in keys:
                self._shelf.used(key, self._steps)
                self._count(self._shelf.find(key))
            self._demands.extend(key for key in keys if self._shelf.find(key) is None)
            self._wake_readers()

    def _count(self, found: Resident | None) -> None:
        counted = self._statistics
        if found is None or found.expert is None:
            self._statistics = replace(counted, misses=counted.misses + 1)
            return
        foreseen = counted.foreseen + found.foreseen
        self._statistics = replace(counted, hits=counted.hits + 1, foreseen=foreseen)
        found.foreseen = False

    def _drop_wishes(self) -> None:
        self._unpin(self._wished)
        self._wished = ()
        self._wishes.clear()

    def _next_ready(self, keys: Iterable[Key]) -> tuple[Key, Expert]:
        with self._lock:
            while True:
                for key in keys:
                    if (found := self._shelf.find(key)) and found.expert:
                        return key, found.expert
                    if error := self._errors.get(key):
                        raise error
                self._arrival.wait()

    def _release(self, keys: Iterable[Key]) -> None:
        with self._lock:
            self._unpin(keys)
            self._wake_readers()

    def _wake_readers(self) -> None:
        if self._demands or self._wishes:
            self._work.notify_all()

    def _unpin(self, keys: Iterable[Key]) -> None:
        self._shelf.unpin(keys)
        for key in keys:
            if not self._shelf.pinned(key):
                self._errors.pop(key, None)  # whoever asks next shall try again

    def _read_until_closed(self) -> None:
        while job := self._next_job():
            key, resident = job
            try:
                result: Expert | Exception = self._stored.read(*key, resident.slot)
            except Exception as error:  # noqa: BLE001 - a reader that died would leave layers waiting
                result = error
            self._finish(key, result)

    def _next_job(self) -> tuple[Key, Resident] | None:
        with self._lock:
            while not self._closed:
                job = self._start(self._demands) or self._start(self._wishes)
                if job:
                    job[1].foreseen = job[0] in self._wished
                    return job
                self._work.wait()
            return None

    def _start(self, keys: deque[Key]) -> tuple[Key, Resident] | None:
        while keys:
            key = keys[0]
            if self._shelf.find(key) is None and self._shelf.pinned(key):
                if (resident := self._claim(key)) is None:
                    return None
                keys.popleft()
                return key, resident
            keys.popleft()  # it has come already, or nobody needs it any more
        return None

    def _claim(self, key: Key) -> Resident | None:
        """Make room; None if everything is in use, and whoever is done with something wakes us."""
        try:
            return self._shelf.claim(key)
        except (MemoryError, RuntimeError) as error:  # torch's way to say that memory is short
            self._errors[key] = error
            self._arrival.notify_all()
            return None

    def _finish(self, key: Key, result: Expert | Exception) -> None:
        with self._lock:
            self._statistics = replace(self._statistics, reads=self._statistics.reads + 1)
            if not isinstance(result, Exception):
                self._shelf.arrived(key, result)
            else:
                self._shelf.failed(key)
                if self._shelf.pinned(key):
                    self._errors[key] = result
            self._arrival.notify_all()
            self._wake_readers()
