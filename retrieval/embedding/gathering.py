"""Texts that wait at the same time share a pass: it costs little more than for one of them."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from retrieval.embedding.lanes import Lanes
from retrieval.embedding.port import Vectors

Ids = Sequence[int]


class Gatherer:
    """Encodes what waits when a lane gets free, up to `tokens_max` tokens and at least one text."""

    def __init__(
        self, lanes: Lanes, encode: Callable[[list[Ids]], Vectors], tokens_max: int
    ) -> None:
        self._lanes = lanes
        self._encode = encode
        self._tokens_max = tokens_max
        self._waiting: deque[tuple[Ids, Future[Vectors]]] = deque()

    def __len__(self) -> int:
        """Count the texts that wait for a lane."""
        return len(self._waiting)

    def encode(self, texts: Sequence[Ids]) -> list[Vectors]:
        """Return the vector of each text, in order; waits for its pass."""
        results = [Future[Vectors]() for _ in texts]
        self._waiting.extend(zip(texts, results, strict=True))
        # One run for each text: whoever comes first takes others along, whose runs find nothing.
        for _ in texts:
            self._lanes.start(self._run_waiting)
        return [result.result() for result in results]

    def _run_waiting(self) -> None:
        batch = self._taken()
        if not batch:
            return
        results = [result for _, result in batch]
        try:
            vectors = self._encode([ids for ids, _ in batch])
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait
            for result in results:
                result.set_exception(error)
        else:
            for result, vector in zip(results, vectors, strict=True):
                result.set_result(vector)

    def _taken(self) -> list[tuple[Ids, Future[Vectors]]]:
        batch: list[tuple[Ids, Future[Vectors]]] = []
        left = self._tokens_max
        while left > 0:
            try:
                batch.append(self._waiting.popleft())
            except IndexError:  # another lane was faster, or all are taken
                break
            left -= len(batch[-1][0])
        return batch
