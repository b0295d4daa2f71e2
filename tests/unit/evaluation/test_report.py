import pytest

from evaluation.cases import Case
from evaluation.datasets import Passage
from evaluation.report import score

CASE = Case(
    id="q",
    group="made_here",
    question="How long?",
    passages=(Passage(id="p1", text="Four days."), Passage(id="p2", text="Six weeks.")),
    gold=frozenset({2}),
    answers=("six weeks",),
    answerable=True,
)
HOPELESS = Case("q", "made_here", "谁？", CASE.passages, frozenset(), (), answerable=False)


def test_a_right_answer() -> None:
    right = score(CASE, "Six weeks [2]")
    assert (right.exact, right.f1, right.held, right.cited, right.refused) == (1, 1, 1, 1, 0)


def test_a_sentence_is_right_where_it_holds_the_answer() -> None:
    sentence = score(CASE, "It lasts six weeks [1][2].")
    assert (sentence.exact, sentence.held, sentence.cited) == (0, 1, 0)
    assert sentence.f1 == pytest.approx(2 / 3)


def test_a_refusal_is_no_answer() -> None:
    assert score(CASE, "NOT FOUND [2]").refused == 1
    assert score(CASE, "NOT FOUND [2]").cited == 0
    assert score(HOPELESS, "NOT FOUND").refused == 1
    assert score(HOPELESS, "Six weeks [2]").refused == 0


def test_the_language_is_that_of_the_question() -> None:
    assert (CASE.language, HOPELESS.language) == ("en", "zh")
