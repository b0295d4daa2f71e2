"""A search whose best candidates are read again, over real rows."""

from collections.abc import Sequence
from typing import Any

import pytest

from retrieval.rerank.port import IsLate
from retrieval.search import Retriever
from tests.integration.retrieval.world import SETTINGS, World, scope

TEXTS = ["notice period is ninety days", "notice", "notice board in the hall"]


class Longest:
    """Prefers long passages, tells what it was shown, and looks at the time once for each."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def scores(
        self, question: str, passages: Sequence[str], is_late: IsLate
    ) -> Sequence[float] | None:
        self.shown = [passage.removeprefix("Part\n") for passage in passages]
        return None if any(is_late() for _ in passages) else [float(len(one)) for one in passages]


class Office:
    """Passages that one reader may see and one that only the board may."""

    def __init__(self, world: World) -> None:
        self.world, self.reranker = world, Longest()
        world.tenant("t1")
        public, secret = world.collection("t1"), world.collection("t1")
        self.everyone = world.acl("t1", f"collection:{public}")
        self.board = world.acl("t1", f"collection:{secret}")
        self.handbook = world.document("t1", public, self.everyone, TEXTS)
        self.hidden = world.document("t1", secret, self.board, ["notice " * 30])
        self.index = world.index()
        self.index.rebuild()
        self.seen: list[str] = []

    def texts(self, *acls: int, timer: Any = lambda: 0.0, **changed: float) -> list[str]:
        world = self.world
        retriever = Retriever(
            world.database,
            self.index,
            world.embedder,
            world.keyring,
            SETTINGS.model_copy(update=changed),
            reranker=self.reranker,
            observe=lambda name, _: self.seen.append(name),
            timer=timer,
        )
        return [hit.chunk.text for hit in retriever.search(scope("t1", *acls), "notice", 10)]


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def test_the_rerankers_order_is_what_comes_back(office: Office) -> None:
    assert office.texts(office.everyone) == [TEXTS[0], TEXTS[2], TEXTS[1]]
    assert office.seen == ["catch_up", "embed", "dense", "lexical", "rerank", "load"]


def test_only_what_the_scope_sees_is_read(office: Office) -> None:
    office.texts(office.everyone)
    assert sorted(office.reranker.shown) == sorted(TEXTS)
    assert len(office.texts(office.everyone, office.board)) == 4


def test_a_right_that_is_gone_from_the_rows_is_gone_before_reading(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.index, "catch_up", lambda *_, **_named: False)
    office.world.delete("t1", office.handbook)
    assert office.texts(office.everyone) == []
    assert office.reranker.shown == []


def test_only_the_best_candidates_are_read(office: Office) -> None:
    before = office.texts(office.everyone, rerank_weight=0)
    assert office.reranker.shown == []
    assert office.texts(office.everyone, rerank_candidates_max=1) == before
    assert office.reranker.shown == before[:1]


def test_the_order_from_before_is_kept_when_it_gets_late(office: Office) -> None:
    before = office.texts(office.everyone, rerank_weight=0)
    clock = iter([0.0, 0.1, 0.3])
    late = office.texts(
        office.everyone, timer=lambda: next(clock, 1.0), rerank_milliseconds_max=250
    )
    assert office.reranker.shown
    assert late == before
