"""A question of several parts: each searched, answered and cited on its own, in one answer."""

import threading

import pytest

from qa.answer import Answer
from qa.answer_cache import AnswerCache
from qa.evidence import merged
from qa.language import REFUSAL
from retrieval.corpus import Chunk, Hit

HOTEL = "Hotel costs are refunded up to 120 euros a night."
LEAVE = "Annual leave is 25 days in the first year."
BOTH = "Up to what sum are hotel costs refunded, and how many days of annual leave are there?"
FIRST, SECOND = (
    "Up to what sum are hotel costs refunded?",
    "How many days of annual leave are there?",
)


@pytest.fixture
def cache() -> AnswerCache:
    return AnswerCache(3)


def _asked(request) -> str:
    return request.messages[-1].content.rsplit("Question: ", 1)[-1]


def test_each_part_is_answered_in_a_line_of_its_own(ask, shelf, generator, retriever):
    hotel, leave = shelf.add(HOTEL), shelf.add(LEAVE)
    generator.says_in_turn = ["120 euros [1]", "25 days [1]"]
    answer = ask(BOTH)
    assert answer.text == "120 euros. [1]\n25 days. [2]"
    assert [citation.document_id for citation in answer.citations] == [hotel, leave]
    assert [_asked(request) for request in generator.requests] == [FIRST, SECOND]
    assert [query for _, query in retriever.searches] == [BOTH, FIRST, SECOND]
    assert answer.unanswered == ()
    assert answer.usage.prompt_tokens == 200


@pytest.mark.parametrize("missing", [0, 1])
def test_a_part_without_an_answer_is_named(ask, shelf, generator, missing):
    shelf.add((LEAVE, HOTEL)[missing])
    generator.says_in_turn = [("25 days [1]", "120 euros [1]")[missing]]
    generator.says = "NOT FOUND"
    answer = ask(BOTH)
    part = (FIRST, SECOND)[missing]
    said = ("25 days. [1]", "120 euros. [1]")[missing]
    note = f"The documents you may read do not hold the answer to “{part}”."
    assert answer.text.split("\n") == ([note, said] if missing == 0 else [said, note])
    assert answer.unanswered == (part,)
    assert not answer.refused
    assert Answer.from_json(answer.to_json()) == answer


def test_without_any_answer_it_is_refused_once(ask, shelf, generator):
    shelf.add(HOTEL)
    generator.says = "NOT FOUND"
    answer = ask("Who owns the moon and when was it sold to Mars?")
    assert answer.refused
    assert (answer.text, answer.unanswered) == (REFUSAL["en"], ())


def test_a_chinese_part_without_an_answer_is_named(ask, shelf, generator):
    shelf.add("出差住宿费每晚不超过600元。")
    generator.says_in_turn = ["600元 [1]"]
    generator.says = "NOT FOUND"
    answer = ask("出差住宿费每晚不超过多少，月亮由谁拥有？")
    assert answer.text == "600元。[1]\n您可以查阅的文档中没有“月亮由谁拥有？”的答案。"


def test_two_parts_may_have_the_same_answer(ask, shelf, generator):
    shelf.add("Staff in Dublin have 25 days of leave.", name="dublin.pdf")
    shelf.add("Staff in Lyon have 25 days of leave.", name="lyon.pdf")
    generator.says_in_turn = ["25 days [1]", "25 days [1]"]
    answer = ask("How many days of leave do staff in Dublin and Lyon have, respectively?")
    assert answer.text == "25 days. [1]\n25 days. [2]"
    assert [one.document_name for one in answer.citations] == ["dublin.pdf", "lyon.pdf"]


def test_a_part_that_leans_is_searched_with_the_one_before(ask, retriever):
    ask("What is the notice period of the lease and who may shorten it?")
    assert [query for _, query in retriever.searches][1:] == [
        "What is the notice period of the lease?",
        "What is the notice period of the lease?\nWho may shorten it?",
    ]


def test_stopping_leaves_the_rest_unwritten(service, ann, shelf, generator):
    shelf.add(HOTEL)
    shelf.add(LEAVE)
    cancelled = threading.Event()
    generator.says_in_turn = ["120 euros [1]", "25 days [1]"]
    generator.before_piece = lambda number: (
        cancelled.set() if len(generator.requests) == 2 else None
    )
    *_, done = service.answer(ann, BOTH, cancelled=cancelled)
    assert done.answer.interrupted
    assert done.answer.text == "120 euros. [1]"


def test_it_is_given_again_only_over_the_same_passages_for_each_part(
    ask, shelf, generator, retriever
):
    shelf.add(HOTEL)
    generator.says_in_turn = ["120 euros [1]", "NOT FOUND"]
    generator.says = "NOT FOUND"
    first = ask(BOTH)
    again = ask(BOTH)
    assert again.cached
    assert (again.text, again.unanswered) == (first.text, first.unanswered)
    shelf.add(LEAVE)
    generator.says_in_turn = ["120 euros [1]", "25 days [1]"]
    assert ask(BOTH).text == "120 euros. [1]\n25 days. [2]"


def test_results_are_merged_by_rank_and_ranked_anew():
    def hits(*names: str) -> list[Hit]:
        return [Hit(n, n, n, rank, Chunk(0, n, 0, 1)) for rank, n in enumerate(names, start=1)]

    found = merged([(1.0, hits("a", "b", "c")), (0.5, hits("d", "b", "a"))], 3)
    assert [(hit.chunk_id, hit.rank) for hit in found] == [("a", 1), ("b", 2), ("c", 3)]
