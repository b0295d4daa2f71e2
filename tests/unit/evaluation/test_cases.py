from dataclasses import replace

import pytest

from evaluation.answered_elsewhere import ANSWERED_ELSEWHERE
from evaluation.bm25 import Bm25
from evaluation.cases import cases_of
from evaluation.datasets import Dataset, Passage, Question
from evaluation.shortening import estimated_tokens, shortened

ROOMS = ["kitchen", "cellar", "attic", "garden", "workshop", "library", "garage", "stable"]


def dataset(*, real_unanswerable: bool = False) -> Dataset:
    passages = [
        Passage(id=f"p{n}", title=room, text=f"The {room} of the mill is painted in shade {n}0.")
        for n, room in enumerate(ROOMS, start=1)
    ]
    questions = [
        Question(id=f"q{n}", text=f"Which shade has the {room} of the mill?", answers=[f"{n}0"])
        for n, room in enumerate(ROOMS, start=1)
    ]
    if real_unanswerable:
        questions[0] = replace_answer(questions[0])
    grades = {f"q{n}": {f"p{n}": 1.0} for n in range(1, len(ROOMS) + 1)}
    return Dataset("made_here", passages, questions, grades)


def replace_answer(question: Question) -> Question:
    return question.model_copy(update={"answers": [], "answerable": False})


def test_the_gold_passage_stands_among_look_alikes_without_the_answer() -> None:
    for case in cases_of(dataset(), answerable=5, unanswerable=0):
        assert len(case.passages) == 4
        (gold,) = case.gold
        assert case.passages[gold - 1].id == f"p{case.id[1:]}"
        holders = [one for one in case.passages if case.answers[0] in one.text]
        assert holders == [case.passages[gold - 1]]


def test_more_cases_begin_with_the_same_ones() -> None:
    few = cases_of(dataset(), answerable=2, unanswerable=0)
    assert cases_of(dataset(), answerable=5, unanswerable=0)[:2] == few
    assert len({case.gold for case in cases_of(dataset(), answerable=8, unanswerable=0)}) > 1


def test_without_unanswerable_questions_the_gold_passage_is_left_out() -> None:
    cases = cases_of(dataset(), answerable=4, unanswerable=4)
    hopeless = [case for case in cases if not case.answerable]
    assert len(hopeless) == 4
    assert not {case.id for case in hopeless} & {case.id for case in cases if case.answerable}
    for case in hopeless:
        assert f"p{case.id[1:]}" not in {one.id for one in case.passages}
        assert (case.gold, case.answers) == (frozenset(), ())


def test_a_question_that_a_look_alike_answers_is_not_asked_without_its_passage() -> None:
    known = next(iter(ANSWERED_ELSEWHERE))
    made = dataset()
    questions = [
        one.model_copy(update={"id": known if one.id == "q3" else one.id}) for one in made.questions
    ]
    grades = {known if id_ == "q3" else id_: grade for id_, grade in made.grades.items()}
    cases = cases_of(
        replace(made, questions=questions, grades=grades), answerable=8, unanswerable=8
    )
    assert [case.answerable for case in cases if case.id == known] == [True]
    assert sum(not case.answerable for case in cases) == 7


def test_a_real_unanswerable_question_keeps_the_passage_it_was_written_for() -> None:
    cases = cases_of(dataset(real_unanswerable=True), answerable=0, unanswerable=4)
    assert [case.id for case in cases] == ["q1"]
    assert "p1" in {one.id for one in cases[0].passages}
    assert cases[0].gold == frozenset()


def test_labelled_negatives_come_before_look_alikes() -> None:
    made = dataset()
    questions = [one.model_copy(update={"negative_ids": ["p8"]}) for one in made.questions[:3]]
    cases = cases_of(replace(made, questions=questions, grades={}), answerable=3, unanswerable=0)
    assert cases == []  # nothing is judged
    grades = {one.id: made.grades[one.id] for one in questions}
    judged = replace(made, questions=questions, grades=grades)
    for case in cases_of(judged, answerable=3, unanswerable=0):
        assert "p8" in {one.id for one in case.passages}


def test_calculated_answers_form_a_group_of_their_own() -> None:
    made = dataset()
    questions = [
        one.model_copy(update={"answer_type": "arithmetic"} if n % 2 else {})
        for n, one in enumerate(made.questions)
    ]
    cases = cases_of(replace(made, questions=questions), answerable=3, unanswerable=0)
    assert [case.group for case in cases] == ["made_here"] * 3 + ["made_here, calculated"]


def test_all_of_several_spans_are_expected() -> None:
    question = Question(id="q", text="?", answers=["one", "two"], answer_type="multi-span")
    assert question.expected == ("one, two",)
    assert question.model_copy(update={"answer_type": ""}).expected == ("one", "two")


def test_long_passages_are_cut_and_the_answer_stays() -> None:
    filler = "The mill stood still for years and nobody came. " * 60
    made = dataset()
    passages = [
        one.model_copy(update={"text": f"{filler}{one.text} {filler}"}) for one in made.passages
    ]
    for case in cases_of(
        replace(made, passages=passages), answerable=3, unanswerable=0, tokens_max=200
    ):
        assert sum(estimated_tokens(one.text) for one in case.passages) <= 201
        (gold,) = case.gold
        assert f"shade {case.answers[0]}" in case.passages[gold - 1].text


def test_a_cut_begins_with_a_whole_word() -> None:
    text = "word " * 100 + "answer " + "word " * 100
    kept = shortened(text, 20, ["answer"])
    assert kept.startswith("word")
    assert "answer" in kept
    assert estimated_tokens(kept) <= 20
    assert shortened(text, 20, ["elsewhere"]) == text[: len(shortened(text, 20, []))]


@pytest.mark.parametrize(("text", "tokens"), [("1999", 4), ("的一是", 2.55), ("", 0)])
def test_tokens_are_estimated_by_character(text: str, tokens: float) -> None:
    assert estimated_tokens(text) == pytest.approx(tokens)


def test_bm25_prefers_rare_terms_and_short_texts() -> None:
    texts = [
        "the mill wheel turns and turns beside the old stone bridge",
        "mill wheel",
        "a copper kettle",
        "mill",
    ]
    assert Bm25(texts).ranked("copper mill")[0] == 2
    assert Bm25(texts).ranked("wheel") == [1, 0]
    assert Bm25(texts).ranked("zebra") == []
    assert Bm25([]).ranked("mill") == []
