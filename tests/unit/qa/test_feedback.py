"""Thumbs: of one's own whole answers only, on record, and gone with what they are about."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qa.errors import AnswerNotFound
from qa.experiment import Experiment
from qa.feedback import AnswerFeedback, ArmCounts, counts_by_arm
from qa.settings import ExperimentSettings
from qa.tables import AnswerFeedbackRow, TurnRow
from retrieval.access import scope_for
from retrieval.settings import RetrievalSettings
from security.audit.tables import AuditEntry
from security.principal import Principal
from security.tenant_keys import LASTING, TenantKeys
from tests.unit.qa.conftest import NOW, TENANT, ScriptedRetriever

HOTEL = "Hotel costs are refunded up to 120 euros a night."
QUESTION = "What hotel costs are refunded?"


@pytest.fixture
def feedback(audit) -> AnswerFeedback:
    return AnswerFeedback(audit, lambda: NOW)


@pytest.fixture
def answer(ask, shelf, generator):
    shelf.add(HOTEL)
    generator.says = HOTEL
    return ask(QUESTION)


def _helpful(database) -> list[bool | None]:
    with database.reading() as session:
        return list(session.scalars(sa.select(AnswerFeedbackRow.helpful)))


def test_a_vote_is_kept_changed_and_taken_back_with_an_entry_each(
    answer, feedback, database, ann, conversations
):
    assert _helpful(database) == [None]
    for helpful in (True, False, None):
        with database.transaction() as session:
            feedback.give(session, ann, answer.id, helpful=helpful)
        with database.reading() as session:
            shown = conversations.get(session, ann, scope_for(session, ann), answer.conversation_id)
            assert [turn.helpful for turn in shown.turns] == [helpful]
    with database.reading() as session:
        entries = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "answer.feedback")
        ).all()
        assert [(entry.actor, entry.target) for entry in entries] == [("ann", answer.id)] * 3


def test_a_vote_without_its_entry_is_none(answer, feedback, database, ann, audit, monkeypatch):
    def broken(*_args: object, **_options: object) -> None:
        raise OSError("the log cannot be written")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(OSError, match="log"), database.transaction() as session:
        feedback.give(session, ann, answer.id, helpful=True)
    assert _helpful(database) == [None]


def test_another_persons_answer_is_as_one_that_never_was(answer, feedback, database, ann, bob):
    elsewhere = Principal("other", ann.user_id, "ann", {})
    told = []
    for who, answer_id in ((bob, answer.id), (bob, "0" * 32), (elsewhere, answer.id)):
        with pytest.raises(AnswerNotFound) as refused, database.transaction() as session:
            feedback.give(session, who, answer_id, helpful=True)
        told.append(str(refused.value))
    assert len(set(told)) == 1
    assert _helpful(database) == [None]


def test_an_answer_that_broke_off_is_not_judged(service, shelf, generator, database, ann, feedback):
    shelf.add(HOTEL)
    generator.says = HOTEL
    events = service.answer(ann, QUESTION)
    next(events)
    events.close()
    with database.reading() as session:
        [turn] = session.scalars(sa.select(TurnRow.id))
    assert _helpful(database) == []
    with pytest.raises(AnswerNotFound), database.transaction() as session:
        feedback.give(session, ann, turn, helpful=True)


def test_it_goes_with_the_conversation_and_with_the_person(
    ask, answer, database, ann, conversations
):
    with database.transaction() as session:
        conversations.delete(session, ann, answer.conversation_id)
    assert _helpful(database) == []
    ask(QUESTION)
    with database.transaction() as session:
        conversations.delete_all_of(session, TENANT, "ann")
    assert _helpful(database) == []


def test_counts_are_of_one_experiment(answer, ask, feedback, database, ann, shelf, generator):
    with database.transaction() as session:
        feedback.give(session, ann, answer.id, helpful=False)
    generator.says = ""
    assert ask("Who won the chess championship?").refused
    with database.reading() as session:
        assert counts_by_arm(session, TENANT, "") == {"A": ArmCounts(2, 1, 0, 1)}
        assert counts_by_arm(session, TENANT, "other") == {}
        assert counts_by_arm(session, "other", "") == {}


class TestBothArms:
    """What an arm changes."""

    @pytest.fixture(params=["A", "B"])
    def arm(self, request) -> str:
        return request.param

    @pytest.fixture
    def variant(self) -> ScriptedRetriever:
        return ScriptedRetriever()

    @pytest.fixture
    def experiment(self, arm, variant, keyring) -> Experiment:
        settings = ExperimentSettings(name="more meaning", variant_share=arm == "B")
        return Experiment(settings, variant, keyring)

    def test_each_has_its_retriever_and_the_answer_keeps_which(
        self, arm, variant, answer, retriever, database, ann, conversations
    ):
        assert (bool(variant.searches), bool(retriever.searches)) == (arm == "B", arm == "A")
        refused = int(answer.refused)
        with database.reading() as session:
            counted = {arm: ArmCounts(questions=1, refused=refused)}
            assert counts_by_arm(session, TENANT, "more meaning") == counted
            scope = scope_for(session, ann)
            [turn] = conversations.get(session, ann, scope, answer.conversation_id).turns
        assert (turn.answer.experiment, turn.answer.arm) == ("more meaning", arm)


def test_the_share_is_that_of_people_and_grows_without_moving_any_back(keyring, database):
    people = [Principal(TENANT, f"{n:032x}", "x", {}) for n in range(400)]

    def drawn(share: float, name: str = "more meaning") -> list[str]:
        one = Experiment(ExperimentSettings(name=name, variant_share=share), None, keyring)
        with database.reading() as session:
            return [one.arm(session, person) for person in people]

    third = drawn(0.3)
    assert 80 < third.count("B") < 160
    assert drawn(0.3, "another") != third
    assert all(b == "B" for a, b in zip(third, drawn(0.6), strict=True) if a == "B")
    assert set(drawn(0)) == {"A"}
    assert set(drawn(1)) == {"B"}


@given(share=st.floats(0, 1), person=st.text(max_size=40), name=st.text(min_size=1, max_size=80))
def test_an_arm_never_changes_for_a_person(share, person, name):
    class Keys:
        def tenant(self, *_: object) -> object:
            return TenantKeys("t", {1: bytes(32)}, dict.fromkeys(LASTING, bytes(32)))

    settings = ExperimentSettings(name=name, variant_share=share)
    arms = {
        Experiment(settings, None, Keys()).arm(None, Principal("t", person, shown, {}))
        for shown in ("ann", "renamed")
        for _ in range(2)
    }
    assert len(arms) == 1


@pytest.mark.parametrize(
    "wrong", [{"dense_wait": 0.5}, {"dense_weight": 2}, {"exact_vectors_max": 10}]
)
def test_a_variant_that_would_change_nothing_is_refused(wrong):
    with pytest.raises(ValidationError):
        ExperimentSettings(name="x", retrieval=wrong)


def test_a_variant_is_the_usual_settings_but_for_what_it_names():
    usual = RetrievalSettings(dense_weight=0.2, hits_max=7)
    variant = ExperimentSettings(name="x", retrieval={"dense_weight": 0.9}).variant_of(usual)
    assert variant == usual.model_copy(update={"dense_weight": 0.9})
