import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from retrieval.embedding.port import Vectors
from retrieval.questions import Questions

FOREVER = 60.0


class Counting:
    """An embedder whose vectors tell how long the question was; keeps what came together."""

    name, dimensions, passage_tokens_max = "counting", 1, 512

    def __init__(self) -> None:
        self.passes: list[list[str]] = []

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        self.passes.append(sorted(queries))
        if "broken" in queries:
            raise RuntimeError("no memory")
        return np.array([[len(query)] for query in queries], np.float32)

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        raise NotImplementedError

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        raise NotImplementedError


def length(questions: Questions, question: str) -> int:
    with questions.search(question) as vector:
        return int(vector[0])


def asked_while_busy(embedder: Counting, wait_seconds_max: float, *texts: str) -> list[int]:
    """Ask while one search is under way, which ends when all of them wait."""
    questions, all_wait = Questions(embedder, 1, wait_seconds_max), Event()
    with ThreadPoolExecutor(len(texts)) as threads:
        with questions.search("busy"):
            found = [threads.submit(length, questions, text) for text in texts]
            while len(questions) < len(texts):
                all_wait.wait(0.001)
        return [one.result(FOREVER) for one in found]


def test_questions_that_wait_share_a_pass_and_get_their_own_vectors() -> None:
    embedder = Counting()
    assert asked_while_busy(embedder, FOREVER, "a", "bb", "ccc") == [1, 2, 3]
    assert embedder.passes == [["busy"], ["a", "bb", "ccc"]]


def test_a_question_that_comes_alone_waits_for_nothing() -> None:
    questions = Questions(Counting(), 1, FOREVER)
    assert [length(questions, text) for text in ("a", "bb")] == [1, 2]


def test_a_search_that_stands_still_does_not_hold_up_questions_for_ever() -> None:
    questions = Questions(Counting(), 1, 0.001)
    with questions.search("stands still"):
        assert length(questions, "bb") == 2


def test_a_failure_reaches_all_that_shared_the_pass_and_nobody_after_them() -> None:
    embedder = Counting()
    with pytest.raises(RuntimeError, match="no memory"):
        asked_while_busy(embedder, FOREVER, "broken", "bb")
    questions = Questions(embedder, 1, FOREVER)
    with pytest.raises(RuntimeError, match="no memory"), questions.search("broken"):
        raise AssertionError("it has no vector")
    assert length(questions, "bb") == 2


def test_what_a_search_raises_ends_it() -> None:
    questions = Questions(Counting(), 1, FOREVER)
    with pytest.raises(KeyError), questions.search("a"):
        raise KeyError
    assert length(questions, "bb") == 2


def test_many_threads_get_their_own_vectors() -> None:
    questions = Questions(Counting(), 2, FOREVER)
    start = threading.Barrier(8)

    def ask(number: int) -> list[int]:
        start.wait(FOREVER)
        return [length(questions, "x" * (number + turn)) for turn in range(1, 20)]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(8)))
    assert found == [[number + turn for turn in range(1, 20)] for number in range(8)]
