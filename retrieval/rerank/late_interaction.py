"""Late interaction: each token of a question looks for its like among the tokens of a passage.

Khattab and Zaharia, "ColBERT", SIGIR 2020. The vectors come from the embedding model, which was
trained for one vector a text; nothing else needs to be installed or stored.
"""

from collections.abc import Sequence

import torch
from torch.nn import functional

from retrieval.embedding.e5_model import E5Model
from retrieval.embedding.lanes import Lanes
from retrieval.rerank.batches import scored_in_batches
from retrieval.rerank.port import IsLate


class LateInteraction:
    """Sums, over the question's tokens, the cosine of the most similar token of a passage."""

    def __init__(self, model: E5Model, *, threads: int) -> None:
        self._model = model
        self._encoder = model.encoder
        self._lanes = Lanes(threads, "rerank")

    def scores(
        self, question: str, passages: Sequence[str], is_late: IsLate
    ) -> Sequence[float] | None:
        """Return the mean over the question's tokens, from -1 to 1."""
        [query] = self._model.query_ids([question])
        ids = self._model.passage_ids(passages)

        def score(batch: list[int]) -> list[float]:
            # The question again with each batch: that costs less than another turn in the queue.
            return self._max_sims(query, [ids[place] for place in batch])

        return scored_in_batches(self._lanes, [len(row) for row in ids], score, is_late)

    def _max_sims(self, query: list[int], passages: list[list[int]]) -> list[float]:
        states = self._encoder.states([query, *passages])
        vectors = functional.normalize(states.to(torch.float32), dim=1)
        asked, *texts = torch.split(vectors, [len(query), *map(len, passages)])
        return [float((asked @ text.T).amax(dim=1).mean()) for text in texts]
