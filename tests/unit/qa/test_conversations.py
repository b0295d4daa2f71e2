"""Conversations belong to their owner and show only what the sources still allow."""

import pytest
import sqlalchemy as sa

from qa.errors import ConversationNotFound
from qa.tables import ConversationRow, TurnRow
from retrieval.access import AccessScope, scope_for
from security.audit.tables import AuditEntry
from security.tables import WrappedKey

HOTEL = "Hotel costs are refunded up to 120 euros a night."


@pytest.fixture
def answered(ask, shelf, generator):
    """Give the id of a cited document and an answer that rests on it."""
    document_id = shelf.add(HOTEL)
    generator.says = HOTEL
    return document_id, ask("How are hotel costs refunded?")


def _turn(database, conversations, principal, conversation_id, scope=None):
    with database.reading() as session:
        scope = scope or scope_for(session, principal)
        return conversations.get(session, principal, scope, conversation_id).turns[-1]


def test_a_stored_answer_comes_back_whole(database, conversations, ann, answered):
    _, answer = answered
    turn = _turn(database, conversations, ann, answer.conversation_id)
    assert turn.answer == answer
    assert turn.status == "answered"
    assert turn.question == "How are hotel costs refunded?"


def test_an_answer_is_withheld_when_a_cited_document_is_gone(
    database, conversations, ann, answered, shelf
):
    document_id, answer = answered
    shelf.remove(document_id)
    turn = _turn(database, conversations, ann, answer.conversation_id)
    assert turn.status == "withheld"
    assert turn.answer.text == ""
    assert turn.answer.citations == ()


def test_hidden_and_absent_look_the_same(database, conversations, ann, answered, shelf):
    document_id, answer = answered
    nothing = AccessScope("default", frozenset())
    hidden = _turn(database, conversations, ann, answer.conversation_id, nothing)
    shelf.remove(document_id)
    absent = _turn(database, conversations, ann, answer.conversation_id)
    assert hidden == absent


def test_a_refusal_is_shown_whatever_is_visible(database, conversations, ann, ask):
    answer = ask("Why?")
    nothing = AccessScope("default", frozenset())
    turn = _turn(database, conversations, ann, answer.conversation_id, nothing)
    assert turn.answer.refused
    assert turn.status == "answered"


def test_turns_keep_their_order(database, conversations, ann, ask):
    first = ask("Why one?")
    ask("Why two?", conversation_id=first.conversation_id)
    with database.reading() as session:
        scope = scope_for(session, ann)
        opened = conversations.get(session, ann, scope, first.conversation_id)
        last = conversations.get(session, ann, scope, first.conversation_id, turns_max=1)
    assert [turn.question for turn in opened.turns] == ["Why one?", "Why two?"]
    assert [turn.question for turn in last.turns] == ["Why two?"]
    assert opened.title == "Why one?"


def test_a_list_shows_only_ones_own(database, conversations, ann, bob, ask):
    mine = ask("Why?\n\n" + "x" * 200)
    with database.reading() as session:
        (summary,) = conversations.list(session, ann)
        assert conversations.list(session, bob) == []
    assert summary.id == mine.conversation_id
    assert summary.title.startswith("Why? xxx")
    assert len(summary.title) == 80


def test_another_person_can_neither_read_nor_delete(database, conversations, bob, ask):
    conversation_id = ask("Why?").conversation_id
    with database.transaction() as session:
        scope = scope_for(session, bob)
        with pytest.raises(ConversationNotFound):
            conversations.get(session, bob, scope, conversation_id)
        with pytest.raises(ConversationNotFound):
            conversations.delete(session, bob, conversation_id)


def test_deleting_destroys_the_key_and_the_rows(database, conversations, ann, ask):
    conversation_id = ask("Why?").conversation_id
    with database.transaction() as session:
        conversations.delete(session, ann, conversation_id)
    with database.reading() as session:
        for table in (ConversationRow, TurnRow, WrappedKey):
            assert session.scalar(sa.select(sa.func.count()).select_from(table)) == 0
        actions = session.scalars(sa.select(AuditEntry.action)).all()
        with pytest.raises(ConversationNotFound):
            conversations.get(session, ann, scope_for(session, ann), conversation_id)
    assert actions[-1] == "conversation.delete"


def test_a_persons_conversations_go_with_their_keys(database, conversations, ann, bob, ask):
    ask("How are hotel costs refunded?")
    with database.transaction() as session:
        conversations.delete_all_of(session, bob.tenant_id, bob.user_id)
        assert session.scalar(sa.select(sa.func.count()).select_from(ConversationRow)) == 1
        conversations.delete_all_of(session, ann.tenant_id, ann.user_id)
        assert session.scalar(sa.select(sa.func.count()).select_from(ConversationRow)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(TurnRow)) == 0
        owners = session.scalars(sa.select(WrappedKey.owner)).all()
    assert not [owner for owner in owners if owner.startswith("conversation:")]
