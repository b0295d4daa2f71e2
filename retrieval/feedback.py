"""What the best passages say about the others.

What answers a question is seldom alone: other passages on the same matter are like it, while what
was found by chance is not. So the best passages of a fused ranking each rank the candidates by
their likeness to themselves, and each of these rankings counts by how good its passage is. Nothing
is searched again. Where languages meet nobody is asked: likeness would draw to one of them.

See Diaz, "Regularizing ad hoc retrieval scores", CIKM 2005, and, for feedback by vectors, Yu,
Xiong, Callan, "Improving Query Representations for Dense Retrieval with Pseudo Relevance
Feedback", CIKM 2021.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.fusion import Scored, numbers
from retrieval.settings import RetrievalSettings
from retrieval.vectors.port import Held

VectorsOf = Callable[[Sequence[int]], Held]
"""Brings the vectors of those chunks that the asker may see."""


def with_feedback(fused: Scored, vectors_of: VectorsOf, settings: RetrievalSettings) -> Scored:
    """Add to the scores of the best candidates what the first few of them say about them."""
    best, rest = fused[: settings.candidates_max], fused[settings.candidates_max :]
    if not settings.feedback_weight or len(best) < 2 or best[0][1] <= 0:  # noqa: PLR2004 - others
        return fused
    chunks, scores = numbers(best), np.array([score for _, score in best])
    held = vectors_of(chunks)
    scores[held.places] += settings.feedback_weight * _likeness(held, scores / scores[0], settings)
    order = np.argsort(-scores, kind="stable")
    sums = scores.tolist()
    return [*((chunks[place], sums[place]) for place in order.tolist()), *rest]


def _likeness(
    held: Held, worth: NDArray[np.float64], settings: RetrievalSettings
) -> NDArray[np.float64]:
    """Return how like the best each vector is, from 0 to 1; `worth` is by place."""
    asked = np.flatnonzero(held.places < settings.feedback_passages)
    if not len(asked):
        return np.zeros(len(held.places))
    likeness = held.vectors @ held.vectors[asked].T
    least = likeness.min(axis=0)
    spread = likeness.max(axis=0) - least
    scaled = (likeness - least) / np.where(spread > 0, spread, 1)
    mean: NDArray[np.float64] = scaled @ worth[held.places[asked]] / settings.feedback_passages
    return mean
