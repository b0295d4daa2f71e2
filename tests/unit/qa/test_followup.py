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


def test_a_chain_of_questions_goes_back_to_the_one_that_stands_alone():
    earlier = ["Who founded Acme?", "How much does the travel policy pay?", "And for trains?"]
    assert search_query("Why?", earlier) == "\n".join([*earlier[1:], "Why?"])
    assert search_query("它呢？", ["年假有多少天可以休？", "由谁批准？"]).startswith("年假")


@pytest.mark.parametrize(
    "question",
    [
        "Is there a dress code for visitors?",
        "Which documents mention that suppliers pay?",
        "How many days are left this year to take?",
        "其他城市的住宿标准是多少？",
        "员工应该在多少天内提交报销单？",
        "出差期间的其余费用如何报销？",
    ],
)
def test_small_words_that_refer_to_nothing_before_do_not_lean(question):
    assert search_query(question, EARLIER) == question


@pytest.mark.parametrize("question", ["由谁批准？", "该合同什么时候到期？", "其中哪些可以报销？"])
def test_what_leaves_its_subject_out_leans(question):
    assert search_query(question, EARLIER) == f"{EARLIER[-1]}\n{question}"
