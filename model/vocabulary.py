"""The vocabulary as bytes, for masks that look at what a token writes. Shapes: see config.py."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from functools import cached_property

PREFIX_BYTES = 3
"""Tokens are grouped by their first bytes; one step more would cost memory and gain little."""


class Vocabulary:
    """What every token writes. Safe to share among threads; the tables are made at first use."""

    def __init__(
        self, size: int, bytes_of: Callable[[int], bytes], end_tokens: Collection[int]
    ) -> None:
        """Take the size of the logits, which may be padded beyond the tokenizer's own.

        `bytes_of` returns nothing for control tokens.
        """
        self.size = size
        self.end_tokens = tuple(end_tokens)
        self._bytes_of = bytes_of

    def bytes_of(self, token: int) -> bytes:
        """Return what a token writes; nothing for control tokens."""
        return self._written[token]

    def holding(self, letter: bytes) -> list[int]:
        """List the tokens that write these bytes somewhere."""
        return [token for token, written in enumerate(self._written) if letter in written]

    def starting(self, first: bytes) -> list[int]:
        """List the tokens whose first byte is one of these."""
        return [
            token for token, written in enumerate(self._written) if written and written[0] in first
        ]

    def along(self, text: bytes, start: int) -> Iterator[int]:
        """Yield the tokens that write a piece of `text` from `start` on."""
        for size in range(1, PREFIX_BYTES):
            yield from self._tokens_of.get(text[start : start + size], ())
        for size in self._sizes.get(text[start : start + PREFIX_BYTES], ()):
            yield from self._tokens_of.get(text[start : start + size], ())

    @cached_property
    def _written(self) -> list[bytes]:
        return [self._bytes_of(token) for token in range(self.size)]

    @cached_property
    def _tokens_of(self) -> dict[bytes, list[int]]:
        tokens_of: dict[bytes, list[int]] = defaultdict(list)
        for token, written in enumerate(self._written):
            if written:
                tokens_of[written].append(token)
        return dict(tokens_of)

    @cached_property
    def _sizes(self) -> dict[bytes, tuple[int, ...]]:
        """For each first bytes, the lengths of the tokens that begin so."""
        sizes: dict[bytes, set[int]] = defaultdict(set)
        for written in self._tokens_of:
            if len(written) >= PREFIX_BYTES:
                sizes[written[:PREFIX_BYTES]].add(len(written))
        return {first: tuple(sorted(found)) for first, found in sizes.items()}
