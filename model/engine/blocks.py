"""Which blocks of the paged cache are free, and how many sequences hold each of the others.

Numbers only; the tensors are in `paged_cache.py`.
"""

from collections.abc import Iterable, Sequence


class BlockPool:
    """Blocks numbered from 0. One that nobody holds stays taken until it is `free`d."""

    def __init__(self, count: int) -> None:
        self._is_free = bytearray(b"\1" * count)
        self._holders = [0] * count
        self.count = count
        self.free_count = count

    def take(self, count: int) -> list[int] | None:
        """Hold `count` free blocks, one run of neighbours if there is one; None if too few."""
        if count > self.free_count:
            return None
        return self.take_run(count) or self._hold_free(self._scattered(count))

    def take_run(self, count: int) -> list[int] | None:
        """Hold `count` free neighbours; None if no run is that long."""
        start = self._is_free.find(b"\1" * count)
        return self._hold_free(range(start, start + count)) if start >= 0 else None

    def hold(self, blocks: Iterable[int]) -> None:
        """Count one more holder of each block, all of which are taken already."""
        for block in blocks:
            self._holders[block] += 1

    def drop(self, block: int) -> bool:
        """Count one holder less; return whether that was the last one."""
        self._holders[block] -= 1
        return self._holders[block] == 0

    def free(self, block: int) -> None:
        """Give a block that nobody holds to whoever takes it next."""
        self._is_free[block] = 1
        self.free_count += 1

    def holders(self, block: int) -> int:
        """Count those who hold a block."""
        return self._holders[block]

    def _scattered(self, count: int) -> list[int]:
        blocks: list[int] = []
        place = -1
        while len(blocks) < count:
            place = self._is_free.find(1, place + 1)
            blocks.append(place)
        return blocks

    def _hold_free(self, blocks: Sequence[int]) -> list[int]:
        for block in blocks:
            self._is_free[block] = 0
            self._holders[block] = 1
        self.free_count -= len(blocks)
        return list(blocks)
