"""Keys and values in blocks of a fixed number of tokens (Kwon et al. 2023, PagedAttention).

Shapes: see config.py; B blocks of P slots, N slots in all, one for
each token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from model.config import DecoderConfig
from model.engine.tables import BlockTables, Clock, Copies
from model.step import Span

Slots = slice | torch.Tensor
"""Neighbours, or any (int64)."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a step's spans are: the slots to write, and those of each sequence to read."""

    spans: Sequence[Span]
    write: Slots
    read: dict[int, Slots]


class PagedCache:
    """The engine's cache. For one thread; memory is claimed as it is first written."""

    def __init__(
        self,
        config: DecoderConfig,
        dtype: torch.dtype,
        device: torch.device,
        *,
        block_tokens: int,
        bytes_max: int,
        keep_seconds: float,
        clock: Clock,
    ) -> None:
        self.block_tokens = block_tokens
        count = bytes_max // (block_tokens * bytes_per_token(config, dtype))
        self.tables = BlockTables(count, block_tokens, keep_seconds, clock)
        room = (count * block_tokens, config.cache_heads)
        layers = range(config.layer_count)
        empty = partial(torch.empty, dtype=dtype, device=device)
        self._keys_NKC = [empty(*room, config.key_width) for _ in layers]
        self._values_NKC = [empty(*room, config.value_width) for _ in layers]
        self._device = device
        self._places = _Places((), slice(0), {})

    @property
    def tokens_max(self) -> int:
        """Tokens of the longest sequence that fits an empty cache."""
        return self.tables.pool.count * self.block_tokens

    def open(self, tenant: str, prompt: Sequence[int], tokens_max: int) -> int | None:
        """Open a sequence of at most so many tokens; None if there is no room now."""
        opened = self.tables.open(tenant, prompt, tokens_max)
        if opened is None:
            return None
        sequence, copies = opened
        self._copy(copies)
        return sequence

    def adopt(self, sequence: int, tokens: Sequence[int]) -> int:
        """Take over what others have computed meanwhile; return the tokens now computed."""
        self._copy(self.tables.adopt(sequence, tokens))
        return self.tables[sequence].length

    def extend(
        self, layer: int, spans: Sequence[Span], keys_TKC: torch.Tensor, values_TKC: torch.Tensor
    ) -> None:
        """Store a layer's keys and values of this step's tokens."""
        slots = self._places_of(spans).write
        _write(self._keys_NKC[layer], slots, keys_TKC)
        _write(self._values_NKC[layer], slots, values_TKC)

    def read(self, layer: int, span: Span) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a sequence's keys and values, KSC each: views if its blocks are neighbours."""
        slots = self._places.read[span.sequence]
        return _read(self._keys_NKC[layer], slots), _read(self._values_NKC[layer], slots)

    def _places_of(self, spans: Sequence[Span]) -> _Places:
        """Find the slots once for all layers of a step."""
        if self._places.spans is not spans:
            written = [self._slots(span.sequence, span.start, span.end) for span in spans]
            self._places = _Places(
                spans,
                written[0] if len(written) == 1 else torch.cat([self._tensor(s) for s in written]),
                {span.sequence: self._slots(span.sequence, 0, span.end) for span in spans},
            )
        return self._places

    def _slots(self, sequence: int, start: int, end: int) -> Slots:
        """Return the slots of a sequence's tokens from `start` to `end`."""
        table = self.tables[sequence]
        if table.is_run:
            first = table.blocks[0] * self.block_tokens
            return slice(first + start, first + end)
        token_S = torch.arange(start, end, device=self._device)
        block_B = torch.tensor(table.blocks, device=self._device)
        block_S = block_B[token_S // self.block_tokens]
        return block_S * self.block_tokens + token_S % self.block_tokens

    def _tensor(self, slots: Slots) -> torch.Tensor:
        if isinstance(slots, slice):
            return torch.arange(slots.start, slots.stop, device=self._device)
        return slots

    def _copy(self, copies: Copies) -> None:
        if not copies:
            return
        source, target = torch.tensor(copies, device=self._device).T
        for pool_NKC in (*self._keys_NKC, *self._values_NKC):
            pool_BPKC = pool_NKC.view(
                self.tables.pool.count, self.block_tokens, *pool_NKC.shape[1:]
            )
            pool_BPKC.index_copy_(0, target, pool_BPKC.index_select(0, source))


def bytes_per_token(config: DecoderConfig, dtype: torch.dtype) -> int:
    """Return the bytes that one token takes in the cache, over all layers."""
    width = config.key_width + config.value_width
    return config.layer_count * config.cache_heads * width * dtype.itemsize


def _write(pool_NKC: torch.Tensor, slots: Slots, new_TKC: torch.Tensor) -> None:
    if isinstance(slots, slice):
        pool_NKC[slots] = new_TKC
    else:
        pool_NKC.index_copy_(0, slots, new_TKC)


def _read(pool_NKC: torch.Tensor, slots: Slots) -> torch.Tensor:
    if isinstance(slots, slice):
        return pool_NKC[slots].transpose(0, 1)
    return pool_NKC.index_select(0, slots).transpose(0, 1)
