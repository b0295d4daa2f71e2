"""Answers of a few words, and of several clauses: shown when they stand in a passage."""

import re

import pytest

from model.allowed_text import CitedNumbers

HOTEL = (
    "Employees book hotels themselves. Hotel costs are refunded up to 120 euros a night. "
    "Receipts are handed in within 30 days."
)
TWO_SENTENCES = (
    "Hotel costs are refunded up to 120 euros a night. Receipts are handed in within 30 days."
)
LEAVE = "Annual leave is requested five working days ahead. Sick leave needs no request."


def test_a_short_answer_is_shown_when_its_words_stand_in_the_cited_passage(ask, shelf, generator):
    shelf.add(LEAVE)
    hotel = shelf.add(HOTEL)
    generator.says = "120 euros [1]"
    answer = ask("Up to what sum a night are hotel costs refunded?")
    assert answer.text == "120 euros. [1]"
    (citation,) = answer.citations
    assert citation.document_id == hotel
    assert citation.quote == "Hotel costs are refunded up to 120 euros a night."


def test_a_chinese_short_answer_and_a_foreign_name_in_it(ask, shelf, generator):
    shelf.add("该游戏由韩国Nexon开发，于2015年发行。玩家以水枪泡封敌人。")
    generator.says = "Nexon [1]"
    assert ask("该游戏由谁开发？").text == "Nexon. [1]"
    generator.says = "2015年 [1]"
    assert ask("该游戏在哪一年发行？").text == "2015年。[1]"


def test_the_wording_is_trusted_more_than_the_number(ask, shelf, generator):
    hotel, _ = shelf.add(HOTEL), shelf.add(LEAVE)
    generator.says = "120 euros [2]"
    answer = ask("Up to what sum a night are hotel costs refunded?")
    assert answer.text == "120 euros. [1]"
    assert answer.citations[0].document_id == hotel


def test_of_two_passages_that_hold_the_words_the_cited_one_is_shown(ask, shelf, generator):
    texts = (
        "Hotel costs are refunded up to 120 euros.",
        "Meal costs are refunded up to 120 euros.",
    )
    ids = [shelf.add(text, name=f"{place}.pdf") for place, text in enumerate(texts)]
    for number in (1, 2):
        generator.says = f"120 euros [{number}]"
        answer = ask("Up to what sum are costs refunded?")
        shown = re.findall(r"\d\.pdf", generator.requests[-1].messages[-1].content)
        assert answer.citations[0].document_id == ids[int(shown[number - 1][0])]


@pytest.mark.parametrize("said", ["125 euros [1]", "12 [1]", "30 euros [1]", "20 [1]"])
def test_a_short_answer_that_stands_nowhere_is_not_shown(ask, shelf, generator, said):
    shelf.add(HOTEL)
    generator.says = said
    assert said[:-4] + "." not in ask("Up to what sum a night are hotel costs refunded?").text


def test_an_answer_that_repeats_the_question_needs_a_choice(ask, shelf, generator):
    shelf.add("The Dublin hall was opened before the Cork hall was.")
    generator.says = "the Dublin hall [1]"
    assert ask("Was the Dublin hall or the Cork hall opened first?").text.startswith("the Dublin")
    assert not ask("What of the Dublin hall?").text.startswith("the Dublin hall.")


def test_the_generator_is_told_whose_request_it_is_and_what_may_be_cited(ask, shelf, generator):
    shelf.add(HOTEL)
    shelf.add(LEAVE)
    ask("How are hotel costs refunded, and how is annual leave requested?")
    request = generator.requests[-1]
    assert request.tenant == "default"
    assert request.allowed == CitedNumbers(frozenset({1, 2}))
    assert any(HOTEL.startswith(draft[:40]) for draft in request.drafts)


def test_a_generator_that_cannot_hold_to_a_rule_is_given_none(ask, shelf, generator):
    shelf.add(HOTEL)
    generator.enforces_allowed = False
    ask("How are hotel costs refunded?")
    assert generator.requests[-1].allowed is None


def test_a_list_over_several_clauses_is_one_verbatim_answer(ask, shelf, generator):
    shelf.add("出差须知如下。先填写申请单；再由部门经理批准；最后交财务部存档。其他规定另见手册。")
    generator.says = "先填写申请单；再由部门经理批准；最后交财务部存档 [1]"
    answer = ask("出差申请有哪些步骤？")
    assert answer.text == "先填写申请单；再由部门经理批准；最后交财务部存档。[1]"
    (citation,) = answer.citations
    assert citation.quote == "先填写申请单；再由部门经理批准；最后交财务部存档。"


def test_clauses_in_the_models_own_words_are_checked_one_by_one(ask, shelf, generator):
    shelf.add("员工出差住宿费每晚不超过600元。超出部分由员工自行承担。")
    generator.says = "住宿费每晚不超过600元；早餐永远免费。"
    answer = ask("出差住宿费的上限是多少？")
    assert answer.text.startswith("住宿费每晚不超过600元；")
    assert "早餐" not in answer.text


def test_an_answer_in_another_language_gives_way_to_the_readers_own(ask, shelf, generator):
    shelf.add("员工出差住宿费每晚不超过600元。", name="差旅规定.pdf")
    english = shelf.add("Hotel costs are refunded up to 120 euros a night.")
    generator.says = "600元 [2]"
    answer = ask("How much of the hotel costs is refunded a night?")
    assert answer.text == "Hotel costs are refunded up to 120 euros a night. [1]"
    assert answer.citations[0].document_id == english


def test_the_figure_of_another_year_is_replaced_by_that_of_the_year_asked_about(
    ask, shelf, generator
):
    shelf.add("Sales by region\n(Millions)\t2019\t2018\nNorth America\t$170,773\t$141,366")
    generator.says = "$141,366 [1]"
    answer = ask("What were the sales in North America in 2019?")
    assert answer.text == "$170,773. [1]"
    assert answer.citations[0].quote == "North America\t$170,773\t$141,366"


def test_what_cannot_be_the_answer_is_not_shown(ask, shelf, generator):
    shelf.add("Sales declined in most stores of the chain.")
    generator.says = "most stores [1]"
    assert ask("How many stores does the chain have?").refused


def test_after_a_denial_only_what_was_asked_for_is_quoted_from_another_language(
    ask, shelf, generator
):
    shelf.add("Debian 12 needs 2 gigabytes of memory.")
    generator.says = "NOT FOUND"
    assert ask("Debian 12 需要多少内存？").text == "Debian 12 needs 2 gigabytes of memory. [1]"
    assert ask("Debian 12 需要什么内存？").refused


def test_the_model_is_shown_more_where_the_best_can_hardly_be_told(ask, shelf, generator):
    for city in ("Oslo", "Rome", "Bonn", "Lima", "Kiev", "Riga", "Bern"):
        shelf.add(f"The store in {city} sells phones.")
    generator.says = "phones [1]"
    ask("What does the store sell?")
    assert generator.requests[-1].messages[-1].content.count("<passage ") == 6


def test_the_model_is_shown_few_sentences_where_one_fits_best(ask, shelf, generator):
    shelf.add("The store sells phones.")
    for text in ("Trains run daily.", "Leave is paid.", "Rooms are booked.", "Tea is free."):
        shelf.add(text)
    generator.says = "phones [1]"
    ask("What does the store sell?")
    assert generator.requests[-1].messages[-1].content.count("<passage ") == 3
