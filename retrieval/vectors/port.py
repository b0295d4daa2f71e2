"""What a tenant's index needs of whatever holds its vectors."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from retrieval.access import AccessScope
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import Script

Nearest = Sequence[tuple[int, float]]
"""Chunk numbers with their inner product with a query, best first."""

Queries = Mapping[Script, NDArray[np.float32]]
"""The vector, of any length, with which the passages of each script are compared."""


class Held(NamedTuple):
    """Vectors of some of the chunks that were asked for, in any order.

    `places` tell which of them, `vectors` has a row for each.
    """

    places: NDArray[np.intp]
    vectors: NDArray[np.float32]

    def less(self, common: NDArray[np.float32]) -> Self:
        """Take what all have in common out of each."""
        return self._replace(vectors=self.vectors - common)


NOTHING_HELD: Final = Held(np.zeros(0, np.intp), np.zeros((0, 1), np.float32))


class VectorStore(Protocol):
    """One tenant's vectors.

    Stores differ in what they know of the rows at a given moment, so whoever searches looks each
    chunk up in the rows before it shows it; what the scope does not see, no store may propose.
    """

    @property
    def is_shared(self) -> bool:
        """Whether other processes hold the same store.

        Then `retrieval.shared_vectors` fills it, once for all of them, and it may be changed while
        it is searched. A store that is not shared is changed and searched by turns.
        """

    @property
    def document_ids(self) -> frozenset[str]:
        """Every document that has a vector."""

    def apply(self, batch: Batch) -> None:
        """Hold of the touched documents exactly what the batch says; twice is as good as once."""

    def holds(self, document: IndexedDocument) -> bool:
        """Whether exactly this is held of a document."""

    def search(
        self,
        scope: AccessScope,
        queries: Queries,
        limit: int,
        within: AbstractSet[str] | None = None,
    ) -> Mapping[Script, Nearest]:
        """Return, for each script, up to `limit` chunks that `scope` sees, best first.

        `within` names the documents that fit the scope's filters, None when it has none.

        Raises:
            VectorStoreUnavailable: the store is elsewhere and does not answer.
        """

    def vectors(self, scope: AccessScope, chunks: Sequence[int]) -> Held:
        """Return the vectors of those of `chunks` that are held and that `scope` sees.

        Raises:
            VectorStoreUnavailable: the store is elsewhere and does not answer.
        """
