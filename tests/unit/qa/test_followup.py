import pytest

from qa.followup import search_query

EARLIER = ["Who founded Acme?", "How much does the travel policy pay?"]


@pytest.mark.parametrize(
    "question",
    [
        "And when?",
        "Does it cover trains?",
        "Why?",
        "What about them",
        "它什么时候生效？",
        "为什么？",
    ],
)
def test_a_question_that_leans_is_searched_with_the_one_before(question):
    assert search_query(question, EARLIER) == f"{EARLIER[-1]}\n{question}"


@pytest.mark.parametrize(
    "question",
    ["How many days of annual leave do employees get?", "员工每年有多少天带薪年假可以使用？"],
)
def test_a_question_that_stands_alone_is_searched_alone(question):
    assert search_query(question, EARLIER) == question


def test_the_first_question_is_searched_alone():
    assert search_query("Why?", []) == "Why?"
