import threading
import time

import numpy as np
import pytest

from retrieval.embedding.gathering import Gatherer, Ids
from retrieval.embedding.lanes import Lanes
from retrieval.embedding.port import Vectors


def _first_ids(texts: list[Ids]) -> Vectors:
    return np.array([[ids[0]] for ids in texts], np.float32)


def test_each_text_gets_its_own_vector_in_order() -> None:
    gatherer = Gatherer(Lanes(2, "test"), _first_ids, tokens_max=4)
    vectors = gatherer.encode([[number] * (1 + number % 5) for number in range(50)])
    assert [int(vector[0]) for vector in vectors] == list(range(50))


def test_what_waits_together_is_encoded_together_up_to_a_limit() -> None:
    seen: list[int] = []
    free = threading.Event()

    def encode(texts: list[Ids]) -> Vectors:
        free.wait(timeout=30)
        seen.append(len(texts))
        return _first_ids(texts)

    lanes = Lanes(1, "test")
    lanes.start(lambda: free.wait(timeout=30) and None)
    gatherer = Gatherer(lanes, encode, tokens_max=6)
    threads = [threading.Thread(target=gatherer.encode, args=([[1, 2]],)) for _ in range(5)]
    for thread in threads:
        thread.start()
    while len(gatherer) < len(threads):
        time.sleep(0.001)
    free.set()
    for thread in threads:
        thread.join()
    assert seen == [3, 2]


def test_a_failure_reaches_everybody_who_waits_for_it() -> None:
    def fail(_texts: list[Ids]) -> Vectors:
        raise RuntimeError("no memory")

    gatherer = Gatherer(Lanes(1, "test"), fail, tokens_max=6)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no memory"):
            gatherer.encode([[1], [2]])
