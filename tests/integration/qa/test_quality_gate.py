"""The gate on quality: the house's own set, English and Chinese, through the real product.

A threshold is a little under what was measured when it was set; a change that falls below it made
search or answers worse.
"""

import time
from collections.abc import Iterator

import pytest

from api.evaluation.closed import ClosedCorpus, closed_corpus
from api.settings import Settings
from evaluation.datasets import Dataset, read_dataset
from evaluation.house import house_folder
from evaluation.questions import questions_of
from evaluation.runner import run
from evaluation.runs import QuestionResult


@pytest.fixture(scope="module")
def house() -> Dataset:
    return read_dataset(house_folder())


@pytest.fixture(scope="module")
def corpus(house: Dataset) -> Iterator[ClosedCorpus]:
    progress: list[tuple[int, int]] = []
    with closed_corpus(
        Settings(), house, lambda done, total: progress.append((done, total)), answers=False
    ) as opened:
        assert progress[-1] == (len(house.passages), len(house.passages))
        yield opened


@pytest.fixture(scope="module")
def results(house: Dataset, corpus: ClosedCorpus) -> list[QuestionResult]:
    return list(run(corpus, questions_of(house), time.perf_counter, answers=False))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_right_passages_are_found(results: list[QuestionResult], language: str) -> None:
    judged = [r for r in results if r.language == language and r.answerable]
    assert len(judged) >= 28

    def mean(name: str) -> float:
        return sum(r.measures[name] for r in judged) / len(judged)

    assert mean("recall@5") >= 0.98
    assert mean("ndcg@10") >= 0.93


def test_a_question_in_the_other_language_finds_its_page(results: list[QuestionResult]) -> None:
    crossing = [r for r in results if r.id.startswith("x")]
    assert len(crossing) == 8
    assert sum(r.measures["recall@5"] for r in crossing) >= 7


def test_without_answers_there_is_no_model_to_ask(corpus: ClosedCorpus) -> None:
    with pytest.raises(LookupError, match="searching only"):
        corpus.answer("How long?")
