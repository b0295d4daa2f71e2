"""What one pass through the decoder reads: new tokens of one or more sequences, side by side.

Shapes: see config.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Span:
    """One sequence's share of a step."""

    sequence: int
    """The cache's handle of the sequence."""
    start: int
    """Tokens of it that are in the cache already."""
    count: int
    """Its new tokens in this step, at least one."""

    @property
    def end(self) -> int:
        """Tokens of the sequence once this step is done."""
        return self.start + self.count


@dataclass(frozen=True, slots=True)
class Step:
    """The spans' new tokens, one span after the other."""

    tokens_T: torch.Tensor
    spans: tuple[Span, ...]
    logit_rows_R: torch.Tensor | None = None
    """The rows of T whose logits are wanted; None for the last row of each span."""

    @classmethod
    def of_one(cls, tokens: Sequence[int], start: int = 0, sequence: int = 0) -> "Step":
        """Read the next tokens of a single sequence."""
        return cls(torch.tensor(tokens), (Span(sequence, start, len(tokens)),))

    @property
    def rows_R(self) -> torch.Tensor:
        """Rows of T whose logits are wanted."""
        if self.logit_rows_R is not None:
            return self.logit_rows_R
        return torch.tensor([rows.stop - 1 for _, rows in rows_of(self.spans)])


def rows_of(spans: Sequence[Span]) -> Iterator[tuple[Span, slice]]:
    """Pair each span with the rows of T that hold its tokens."""
    row = 0
    for span in spans:
        yield span, slice(row, row + span.count)
        row += span.count


def positions(spans: Sequence[Span]) -> torch.Tensor:
    """Return each token's place in its own sequence, T (int64)."""
    return torch.cat([torch.arange(span.start, span.end) for span in spans])
