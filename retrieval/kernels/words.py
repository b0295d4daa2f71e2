"""A search of words in one call."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from retrieval.lexical.bm25 import ScopeStatistics, Scores
from retrieval.lexical.postings import Segment, Tokens
from retrieval.lexical.word_state import WordState


class KernelWords:
    """A state as the kernel reads it; `document_weight` as `WordIndex` takes it."""

    def __init__(self, state: WordState, document_weight: float) -> None:
        self._state = state  # the tables hold addresses of its arrays
        tables = map(_table, (state.segments, state.wholes, state.names))
        self._postings = tuple(map(torch.from_numpy, tables))
        arrays: tuple[NDArray[Any], ...] = (
            state.lengths,
            state.owners,
            state.document_tokens,
            state.name_tokens,
        )
        self._arrays = tuple(map(torch.from_numpy, arrays))
        self._document_weight = document_weight

    def best(
        self, wanted: Tokens, scope: ScopeStatistics, limit: int
    ) -> tuple[NDArray[np.intp], Scores, list[float]]:
        """Return the `limit` best slots and all that tie with the last, in any order.

        With them their scores, and how rare each token is.
        """
        visible = None if scope.visible is None else torch.from_numpy(scope.visible)
        slots, scores, rarities = torch.ops.sourcebook_retrieval.best_passages.default(
            *self._postings,
            torch.from_numpy(wanted),
            visible,
            *self._arrays,
            scope.chunks,
            scope.tokens,
            scope.documents,
            self._document_weight,
            limit,
        )
        return slots.numpy(), scores.numpy(), rarities.tolist()


def _table(segments: Sequence[Segment]) -> NDArray[np.int64]:
    """Write down where the arrays of each segment lie, and how many tokens it has."""
    rows = [
        (
            segment.tokens.ctypes.data,
            len(segment.tokens),
            segment.starts.ctypes.data,
            segment.slots.ctypes.data,
            segment.counts.ctypes.data,
        )
        for segment in segments
    ]
    return np.array(rows, np.int64).reshape(len(rows), 5)
