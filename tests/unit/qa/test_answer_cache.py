"""A question that comes again: answered from memory only while nothing that matters has changed."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from qa.answer_cache import AnswerCache, key_of, spelling
from qa.evidence import Evidence
from qa.tables import TurnRow
from security.audit.tables import AuditEntry

HOTEL = "Hotel costs are refunded up to 120 euros a night."
QUESTION = "Up to what sum are hotel costs refunded?"


@pytest.fixture
def cache() -> AnswerCache:
    return AnswerCache(3)


@pytest.fixture
def asked(ask, shelf, generator):
    shelf.add(HOTEL)
    generator.says = HOTEL
    return ask(QUESTION)


def test_the_same_question_is_not_asked_of_the_model_again(
    asked, ask, generator, database, observed
):
    generator.says = "Something else."
    again = ask("  up to what SUM are the hotel costs refunded ")
    assert (again.text, again.citations) == (asked.text, asked.citations)
    assert again.cached
    assert not asked.cached
    assert again.id != asked.id
    assert again.usage.completion_tokens == 0
    assert len(generator.requests) == 1
    assert observed == [asked, again]
    with database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(TurnRow)) == 2
        actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert actions.count("question.ask") == actions.count("question.answer") == 2


def test_a_refusal_is_remembered_too(ask, shelf, generator):
    shelf.add(HOTEL)
    generator.says = "NOT FOUND"
    first = ask("Who refunds hotel costs of guests?")
    second = ask("Who refunds hotel costs of guests?")
    assert first.refused
    assert second.refused
    assert second.cached == (len(generator.requests) <= 1)


def test_a_changed_passage_is_asked_about_anew(asked, ask, shelf, retriever, generator):
    [hit] = retriever.hits
    shelf.texts[hit.document_id] = shelf.texts[hit.document_id].replace("120", "150")
    text = HOTEL.replace("120", "150")
    retriever.hits[:] = [replace(hit, chunk=replace(hit.chunk, text=text))]
    generator.says = text
    again = ask(QUESTION)
    assert not again.cached
    assert "150" in again.text


def test_a_further_or_a_missing_passage_is_asked_about_anew(asked, ask, shelf, retriever):
    shelf.add("Hotel costs of guests are not refunded.")
    assert not ask(QUESTION).cached
    retriever.hits.clear()
    assert ask(QUESTION).refused


def test_another_reader_of_the_same_passages_is_answered_too_and_nobody_else(
    asked, service, bob, retriever, generator
):
    *_, done = service.answer(bob, QUESTION)
    assert done.answer.cached
    *_, done = service.answer(replace(bob, grants={}), QUESTION)
    assert done.answer.refused
    assert not done.answer.cached


def test_no_tenant_is_given_another_ones_answer(asked, retriever):
    found = [Evidence(QUESTION, QUESTION, retriever.hits)]
    one, other = (key_of(tenant, "m", QUESTION, found) for tenant in ("one", "other"))
    assert one != other


def test_a_follow_up_depends_on_what_was_said_and_is_not_cached(asked, ask, generator):
    first = ask(QUESTION, conversation_id=asked.conversation_id)
    second = ask(QUESTION, conversation_id=asked.conversation_id)
    assert not first.cached
    assert not second.cached
    assert len(generator.requests) == 3


def test_a_broken_off_answer_is_not_kept(ask, shelf, generator, service, ann):
    shelf.add(HOTEL)
    generator.says = f"{HOTEL} {HOTEL}"
    stream = service.answer(ann, QUESTION)
    next(stream)
    stream.close()
    assert not ask(QUESTION).cached


def test_forgetting_and_the_limit(asked, ask, cache):
    cache.forget("another tenant")
    assert ask(QUESTION).cached
    cache.forget("default")
    assert not ask(QUESTION).cached
    for number in range(3):
        ask(f"Up to what sum are {number} hotel costs refunded?")
    assert not ask(QUESTION).cached


def test_what_was_said_again_is_marked_in_the_log(asked, ask, database, audit, ann):
    ask(QUESTION)
    with database.reading() as session:
        answered = [
            entry
            for entry in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.sequence))
            if entry.action == "question.answer"
        ]
    assert len(answered) == 2
    assert json.dumps([entry.outcome for entry in answered]) == '["success", "success"]'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is the limit?", "what is a limit"),
        ("Could you please tell me what the limit is?", "what the limit is"),
        ("What is the limit, please?", "What is the limit"),
        ("请问年假有几天？", "年假有几天"),
        ("我想知道年假有几天？谢谢", "年假有几天?"),
        ("Is it 1,500 euros?", "is it 1,500 EUROS"),
    ],
)
def test_spellings_of_one_question(one, other):
    assert spelling(one) == spelling(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is owed to Peel?", "What is owed by Peel?"),
        ("When was it founded?", "Where was it founded?"),
        ("Does Ann report to Bob?", "Does Bob report to Ann?"),
        ("What was it in 2018?", "What was it in 2019?"),
        ("Is it 1.5?", "Is it 15?"),
        ("年假有几天？", "病假有几天？"),
        ("可以带宠物吗？", "不可以带宠物吗？"),
        ("Is it allowed?", "Is it not allowed?"),
    ],
)
def test_different_questions_stay_apart(one, other):
    assert spelling(one) != spelling(other)
