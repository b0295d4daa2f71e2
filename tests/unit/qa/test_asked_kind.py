"""A sentence is quoted, and a short answer shown, only if it can be what was asked for."""

import pytest

from qa.asked_kind import holds_asked, kind_asked, may_answer


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many stores does it have?", "number"),
        ("What was Best Buy's revenue in fiscal 2023?", "number"),
        ("What were the reasons for higher sales?", "other"),
        ("百思买有多少家门店？", "number"),
        ("When was Debian founded?", "time"),
        ("In which year was it founded?", "time"),
        ("What happens when the contract ends?", "other"),
        ("什么时候开始？", "time"),
        ("Who audits the statements?", "name"),
        ("Is leave paid?", "other"),
    ],
)
def test_what_a_question_asks_for(question: str, kind: str) -> None:
    assert kind_asked(question) == kind


@pytest.mark.parametrize(
    ("question", "sentence", "holds"),
    [
        ("How many stores were there in 2023?", "There were 1,138 stores.", True),
        ("How many stores were there in 2023?", "There were stores in 2023 and 2022.", False),
        ("How many stores were there?", "In the first quarter of May we had stores.", False),
        ("How many rooms may be heated?", "They may heat one room.", True),
        ("有多少家门店？", "共有三家门店。", True),
        ("How many years did it last?", "It lasted thousands of years.", True),
        ("How long is the notice period?", "The notice period is ninety days.", True),
        ("How long is the notice period?", "Notice must be given in writing.", False),
        ("How long is the trial?", "The trial lasts half a year.", True),
        ("How long may it be kept?", "It may be kept until the project ends.", True),
        ("How much is delivery?", "Delivery is free of charge.", True),
        ("试用期是几个月？", "试用期为半年。", True),
        ("When was Debian founded?", "Debian began in 1993.", True),
        ("When was Debian founded?", "Debian is a project.", False),
        ("Who founded Debian?", "Ian Murdock began the project.", True),
        ("Who founded Debian?", "Debian was begun by a student.", False),
        ("Who founded Debian?", "由一名学生创立。", True),
        ("Why is it so?", "It is so.", True),
    ],
)
def test_whether_a_sentence_holds_it(question: str, sentence: str, holds: bool) -> None:
    assert holds_asked(question, sentence) is holds


def test_a_short_answer_to_how_many_holds_a_number_and_a_longer_one_may_go_on() -> None:
    question = "How many days of leave are there?"
    assert may_answer(question, "25 days")
    assert not may_answer(question, "annual leave")
    assert may_answer(question, "It must be approved by the head of the department.")
    assert may_answer("When does leave begin?", "after the trial period")
