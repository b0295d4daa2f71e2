from collections.abc import Sequence
from itertools import count

import pytest

from evaluation.questions import AskedQuestion
from evaluation.runner import Found, Given, run
from evaluation.runs import QuestionResult


class Scripted:
    """A subject that gives what the test says."""

    def __init__(self, found: Sequence[Found], given: Given | None = None) -> None:
        self._found, self._given = found, given

    def search(self, question: str, limit: int) -> Sequence[Found]:
        return self._found[:limit]

    def answer(self, question: str) -> Given:
        assert self._given
        return self._given


def _measured(subject: Scripted, question: AskedQuestion) -> QuestionResult:
    seconds = count()
    [result] = run(subject, [question], lambda: float(next(seconds)), answers=bool(subject._given))
    return result


def test_a_document_counts_once_at_its_first_place() -> None:
    subject = Scripted([Found("a.pdf", 1), Found("a.pdf", 2), Found("b.pdf", 7)])
    result = _measured(subject, AskedQuestion("q", "How long?", grades={"b.pdf": 1.0}))
    assert result.measures["mrr@10"] == 0.5
    assert (result.measures["recall@1"], result.measures["recall@5"]) == (0, 1)
    assert result.measures["search_ms"] == 1000
    assert result.language == "en"


def test_pages_count_when_the_question_names_them() -> None:
    subject = Scripted([Found("a.pdf", 1), Found("a.pdf", 2)])
    result = _measured(subject, AskedQuestion("q", "多久？", grades={"a.pdf#2": 1.0}))
    assert result.measures["mrr@10"] == 0.5
    assert result.language == "zh"


def test_a_right_cited_answer() -> None:
    given = Given("Twelve weeks [1].", refused=False, cited=[Found("a.pdf", 1)], first_token_ms=70)
    question = AskedQuestion("q", "How long?", ("twelve weeks",), {"a.pdf": 1.0})
    measures = _measured(Scripted([], given), question).measures
    assert measures["exact"] == measures["f1"] == measures["held"] == 1
    assert measures["citation_precision"] == measures["citation_recall"] == 1
    assert (measures["refused"], measures["first_token_ms"]) == (0, 70)


@pytest.mark.parametrize(
    ("cited", "precision", "recall"),
    [([], 0, 0), ([Found("a.pdf"), Found("b.pdf")], 0.5, 1), ([Found("b.pdf")], 0, 0)],
)
def test_citations(cited: list[Found], precision: float, recall: float) -> None:
    given = Given("Twelve weeks [1].", refused=False, cited=cited, first_token_ms=1)
    question = AskedQuestion("q", "How long?", ("twelve weeks",), {"a.pdf": 1.0})
    measures = _measured(Scripted([], given), question).measures
    assert measures["citation_precision"] == precision
    assert measures["citation_recall"] == recall


def test_a_refusal_answers_nothing() -> None:
    given = Given("twelve weeks are not mentioned", refused=True, cited=[], first_token_ms=1)
    wanted = AskedQuestion("q", "How long?", ("twelve weeks",), {"a.pdf": 1.0})
    measures = _measured(Scripted([], given), wanted).measures
    assert (measures["refused"], measures["held"], measures["f1"]) == (1, 0, 0)
    hopeless = _measured(Scripted([], given), AskedQuestion("q", "Why?", answerable=False))
    assert hopeless.measures["refused"] == 1
    assert "exact" not in hopeless.measures
