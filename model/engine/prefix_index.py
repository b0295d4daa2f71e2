"""Finds the blocks that already hold the beginning of a prompt.

A block's key is a hash of its tokens and of the key of the block before it; the first one's parent
is a hash of the tenant. So a key stands for everything from the beginning up to here, and no two
tenants share one: neither what a tenant asks nor how fast it is answered depends on another's.
"""

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Key = bytes
_KEY_BYTES = 32


def first_key(tenant: str) -> Key:
    """Return the parent of a tenant's first blocks."""
    return hashlib.blake2b(tenant.encode(), digest_size=_KEY_BYTES).digest()


def next_key(parent: Key, tokens: Sequence[int]) -> Key:
    """Return the key of a block with these tokens."""
    return hashlib.blake2b(
        array("Q", tokens).tobytes(), digest_size=_KEY_BYTES, key=parent
    ).digest()


@dataclass(frozen=True, slots=True)
class _Entry:
    key: Key
    tenant: str
    since: float


class PrefixIndex:
    """Blocks by key, oldest first, and which of them nobody holds, least recently used first."""

    def __init__(self) -> None:
        self._block_of: dict[Key, int] = {}
        self._entry_of: dict[int, _Entry] = {}
        self._idle: OrderedDict[int, None] = OrderedDict()

    def __contains__(self, block: int) -> bool:
        """Whether the block can be found."""
        return block in self._entry_of

    @property
    def idle_count(self) -> int:
        """How many blocks nobody holds: those may be evicted."""
        return len(self._idle)

    def find(self, key: Key) -> int | None:
        """Return the block with that key."""
        return self._block_of.get(key)

    def add(self, key: Key, tenant: str, block: int, now: float) -> None:
        """Let a full block, which somebody holds, be found; a second one of a key is left out."""
        if key not in self._block_of:
            self._block_of[key] = block
            self._entry_of[block] = _Entry(key, tenant, now)

    def set_idle(self, block: int) -> None:
        """Nobody holds the block any more; it is the most recently used of those."""
        self._idle[block] = None
        self._idle.move_to_end(block)

    def set_held(self, block: int) -> None:
        """Somebody holds the block again."""
        self._idle.pop(block, None)

    def evict(self) -> int:
        """Forget the least recently used idle block and return it.

        Raises:
            KeyError: there is none.
        """
        block, _ = self._idle.popitem(last=False)
        self._remove(block)
        return block

    def forget(self, tenant: str) -> list[int]:
        """Forget a tenant's blocks; return the idle ones, which are now free."""
        return self._forget([b for b, entry in self._entry_of.items() if entry.tenant == tenant])

    def forget_older(self, than: float) -> list[int]:
        """Forget blocks added before that time; return the idle ones, which are now free."""
        return self._forget(list(self._older(than)))

    def _older(self, than: float) -> Iterator[int]:
        for block, entry in self._entry_of.items():
            if entry.since >= than:
                return
            yield block

    def _forget(self, blocks: Sequence[int]) -> list[int]:
        idle = [block for block in blocks if block in self._idle]
        for block in blocks:
            self._idle.pop(block, None)
            self._remove(block)
        return idle

    def _remove(self, block: int) -> None:
        del self._block_of[self._entry_of.pop(block).key]
