"""Classes of documents that are visible to exactly the same scopes.

Documents with the same permission list and collection are visible together or not at all. Each
such pair gets a small number for each script, so that an index filters by one integer per chunk.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.access import AccessScope
from retrieval.scripts import SCRIPTS, Script

HIDDEN = 0
"""The class that no scope ever sees; deleted chunks are moved there."""

Visible = NDArray[np.bool_]
"""By class number: whether a scope sees it; `HIDDEN` never."""


def marked(
    documents: AbstractSet[str], places: Mapping[str, slice], total: int
) -> NDArray[np.bool_]:
    """Mark, by position, what belongs to some documents; `places` says where each one stands."""
    mask = np.zeros(total, np.bool_)
    for document_id in documents & places.keys():
        mask[places[document_id]] = True
    return mask


@dataclass(frozen=True, slots=True)
class DocumentClass:
    """What the documents of one class have in common."""

    acl_id: int
    collection_id: str
    script: Script


class VisibilityClasses:
    """One tenant's classes; numbers are never given away twice, so readers need no lock."""

    def __init__(self) -> None:
        self._numbers: dict[DocumentClass, int] = {}
        self._classes: list[DocumentClass] = []
        self._last: tuple[AccessScope, int, Mapping[Script, Visible]] | None = None

    def number(self, document_class: DocumentClass) -> int:
        """Return the number of a class, a new one when it was never seen."""
        if document_class not in self._numbers:
            self._classes.append(document_class)
            self._numbers[document_class] = len(self._classes)
        return self._numbers[document_class]

    def visible(self, scope: AccessScope) -> Mapping[Script, Visible]:
        """Mark the classes that `scope` sees, for each script.

        The last marks are kept: a search asks for vectors, then for words.
        """
        classes, last = tuple(self._classes), self._last
        if last is None or last[:2] != (scope, len(classes)):
            last = self._last = (scope, len(classes), _marks(scope, classes))
        return last[2]


def _marks(scope: AccessScope, classes: Sequence[DocumentClass]) -> Mapping[Script, Visible]:
    wanted = scope.collections
    seen = [
        one.acl_id in scope.acls and (wanted is None or one.collection_id in wanted)
        for one in classes
    ]
    visible = np.array([False, *seen])
    scripts = np.array(["", *(one.script for one in classes)])
    return {script: visible & (scripts == script) for script in SCRIPTS}
