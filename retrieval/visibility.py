"""Classes of documents that are visible to exactly the same scopes.

Documents with the same permission list and collection are visible together or not at all. Each
such pair gets a small number, so that an index filters by one integer per chunk.
"""

import numpy as np
from numpy.typing import NDArray

from retrieval.access import AccessScope

HIDDEN = 0
"""The class that no scope ever sees; deleted chunks are moved there."""

Visible = NDArray[np.bool_]
"""By class number: whether a scope sees it; `HIDDEN` never."""


class VisibilityClasses:
    """One tenant's classes; numbers are never given away twice, so readers need no lock."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str], int] = {}
        self._classes: list[tuple[int, str]] = []

    def number(self, acl_id: int, collection_id: str) -> int:
        """Return the class of a document, a new one when its pair was never seen."""
        pair = (acl_id, collection_id)
        if pair not in self._numbers:
            self._classes.append(pair)
            self._numbers[pair] = len(self._classes)
        return self._numbers[pair]

    def visible(self, scope: AccessScope) -> Visible:
        """Mark the classes that `scope` sees."""
        wanted = scope.collections
        seen = [
            acl_id in scope.acls and (wanted is None or collection_id in wanted)
            for acl_id, collection_id in tuple(self._classes)
        ]
        return np.array([False, *seen])
