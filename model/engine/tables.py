"""Which blocks hold which sequence, so that what was computed once is found again.

A sequence gets all its blocks when it is opened: it can then always go on to its end, and two can
never wait for each other. They are one run of neighbours where possible, because attention reads a
run without copying. For the same reason found blocks are copied into the run, which takes
milliseconds once; only if no run is left are they shared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from model.engine.blocks import BlockPool
from model.engine.prefix_index import Key, PrefixIndex, first_key, next_key

Copies = list[tuple[int, int]]
"""Blocks to copy, from and to; before anything else changes the tables."""
Clock = Callable[[], float]
"""Tells the time in seconds, for differences only."""


@dataclass(slots=True)
class Table:
    """One sequence's blocks, the first `length` tokens of which are computed."""

    tenant: str
    blocks: list[int]
    length: int = 0
    keys: list[Key] = field(default_factory=list)
    """Of its full blocks."""
    findable: bool = True
    """Whether others of the tenant may find its blocks."""
    is_run: bool = False
    """Whether its blocks are neighbours."""

    def __post_init__(self) -> None:
        first = self.blocks[0]
        self.is_run = self.blocks == list(range(first, first + len(self.blocks)))

    @property
    def parent(self) -> Key:
        """Return the parent of the next full block's key."""
        return self.keys[-1] if self.keys else first_key(self.tenant)


class BlockTables:
    """The tables of all open sequences, over one pool of blocks. For one thread."""

    def __init__(
        self, block_count: int, block_tokens: int, keep_seconds: float, clock: Clock = monotonic
    ) -> None:
        self.pool = BlockPool(block_count)
        self.index = PrefixIndex()
        self._block_tokens = block_tokens
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._tables: dict[int, Table] = {}
        self._opened = 0

    def __getitem__(self, sequence: int) -> Table:
        """Return an open sequence's table."""
        return self._tables[sequence]

    def __len__(self) -> int:
        """Count the open sequences."""
        return len(self._tables)

    def open(
        self, tenant: str, prompt: Sequence[int], tokens_max: int
    ) -> tuple[int, Copies] | None:
        """Open a sequence of at most so many tokens, the found beginning of the prompt included.

        Returns its number and what is to be copied; None if there is no room now.
        """
        self.expire()
        keys, found = self._find(tenant, prompt)
        self._hold(found)
        needed = -(-tokens_max // self._block_tokens)
        if (run := self._take_run(needed)) is not None:
            number = self._add(Table(tenant, run))
            copies = self.adopt(number, prompt)
            self._drop(found)
            return number, copies
        if (rest := self._take(needed - len(found))) is not None:
            length = len(found) * self._block_tokens
            return self._add(Table(tenant, found + rest, length, keys)), []
        self._drop(found)
        return None

    def adopt(self, sequence: int, tokens: Sequence[int]) -> Copies:
        """Take over full blocks that others have computed meanwhile, but for the last token's.

        The last token is left out because its logits are wanted.
        """
        table = self._tables[sequence]
        copies: Copies = []
        if table.length % self._block_tokens == 0:
            keys, found = self._find(table.tenant, tokens, len(table.keys), table.parent)
            own = table.blocks[len(table.keys) :]
            copies = list(zip(found, own, strict=False))
            table.keys += keys
            table.length += len(found) * self._block_tokens
            self._hold(found)
            self._drop(found)  # most recently used
        return copies

    def advance(self, sequence: int, tokens: Sequence[int], length: int) -> None:
        """The first `length` of a sequence's tokens are computed: full blocks may be found."""
        table = self._tables[sequence]
        table.length = length
        now = self._clock()
        for place in range(len(table.keys), length // self._block_tokens):
            key = next_key(table.parent, self._tokens_of(tokens, place))
            table.keys.append(key)
            if table.findable:
                self.index.add(key, table.tenant, table.blocks[place], now)

    def close(self, sequence: int) -> None:
        """Give a sequence's blocks back; what can be found stays until its room is needed."""
        self._drop(self._tables.pop(sequence).blocks)

    def forget(self, tenant: str) -> None:
        """Let nothing that was computed for a tenant be found from now on."""
        for table in self._tables.values():
            table.findable = table.findable and table.tenant != tenant
        self._free(self.index.forget(tenant))

    def expire(self) -> None:
        """Let nothing be found that was computed longer ago than it may be kept."""
        self._free(self.index.forget_older(self._clock() - self._keep_seconds))

    def _find(
        self, tenant: str, tokens: Sequence[int], place: int = 0, parent: Key | None = None
    ) -> tuple[list[Key], list[int]]:
        """Return keys and blocks that hold the tokens from a full block's place on."""
        keys: list[Key] = []
        found: list[int] = []
        parent = parent or first_key(tenant)
        for full in range(place, (len(tokens) - 1) // self._block_tokens):
            parent = next_key(parent, self._tokens_of(tokens, full))
            if (block := self.index.find(parent)) is None:
                break
            keys.append(parent)
            found.append(block)
        return keys, found

    def _tokens_of(self, tokens: Sequence[int], place: int) -> Sequence[int]:
        return tokens[place * self._block_tokens : (place + 1) * self._block_tokens]

    def _add(self, table: Table) -> int:
        self._opened += 1
        self._tables[self._opened] = table
        return self._opened

    def _take_run(self, count: int) -> list[int] | None:
        """Take neighbours, evicting up to twice as much as needed to find some."""
        for wanted in (count, 2 * count):
            self._evict(wanted)
            if (run := self.pool.take_run(count)) is not None:
                return run
        return None

    def _take(self, count: int) -> list[int] | None:
        self._evict(count)
        return self.pool.take(count)

    def _evict(self, wanted: int) -> None:
        """Evict until so many blocks are free, unless there are not that many."""
        if self.pool.free_count + self.index.idle_count < wanted:
            return
        while self.pool.free_count < wanted:
            self.pool.free(self.index.evict())

    def _hold(self, blocks: Sequence[int]) -> None:
        self.pool.hold(blocks)
        for block in blocks:
            self.index.set_held(block)

    def _drop(self, blocks: Sequence[int]) -> None:
        """Let blocks go, the last one first, so that a chain is evicted from its end."""
        for block in reversed(blocks):
            if self.pool.drop(block):
                if block in self.index:
                    self.index.set_idle(block)
                else:
                    self.pool.free(block)

    def _free(self, blocks: Sequence[int]) -> None:
        for block in blocks:
            self.pool.free(block)
