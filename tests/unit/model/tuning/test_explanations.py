"""Which questions get a sentence for an answer, and which the span that is marked."""

import pytest

from model.tuning.explanations import answer_of

ENGLISH = "Pumps fail when sand gets in, because it wears the seals. They last ten years."
CHINESE = "泵会因进沙而损坏，因为沙子磨损密封圈。寿命为十年。"


def answer(language: str, question: str, span: str, *others: str, passage: str = "") -> str:
    row = {"lang": language, "question": question, "answer": span, "answers": [span, *others]}
    return answer_of(row, passage or (ENGLISH if language == "en" else CHINESE))


def test_why_and_how_get_the_sentence() -> None:
    sentence = "Pumps fail when sand gets in, because it wears the seals."
    assert answer("en", "Why do pumps fail?", "it wears the seals") == sentence
    assert (
        answer("zh", "泵为什么会损坏？", "沙子磨损密封圈")
        == "泵会因进沙而损坏，因为沙子磨损密封圈。"
    )


@pytest.mark.parametrize(
    ("language", "question", "span"),
    [
        ("en", "How long do they last?", "They last ten years"),
        ("en", "Who wears the seals?", "sand gets in, because"),
        ("zh", "寿命是多少年？", "寿命为十年"),
        ("zh", "哪些东西磨损密封圈？", "沙子"),
    ],
)
def test_others_and_names_stay_short(language: str, question: str, span: str) -> None:
    assert answer(language, question, span) == span


def test_the_longest_chinese_answer_decides() -> None:
    assert answer("zh", "泵为什么会损坏？", "磨损", "沙子磨损密封圈").startswith("泵会因")


def test_a_long_sentence_is_cut_to_its_clauses() -> None:
    passage = "很长的开头" * 30 + "，因为沙子磨损密封圈，" + "以及结尾" * 5 + "。"
    said = answer("zh", "为什么？", "沙子磨损密封圈", passage=passage)
    assert said == "因为沙子磨损密封圈"
