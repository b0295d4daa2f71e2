"""The one way to judge passages against a question, whatever judges."""

from collections.abc import Callable, Sequence
from typing import Protocol

IsLate = Callable[[], bool]
"""Whether the search has waited long enough; cheap, asked between pieces of work."""


class Reranker(Protocol):
    """Reads a question beside each passage; one instance may be shared between threads."""

    def scores(
        self, question: str, passages: Sequence[str], is_late: IsLate
    ) -> Sequence[float] | None:
        """Return one score a passage, higher is better, None once it got late.

        A score depends on its passage and the question alone, never on the other passages.
        """
        ...
