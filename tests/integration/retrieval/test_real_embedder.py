"""The query path with the real model: across languages, and by words that the model misses."""

import pytest

from retrieval.embedding.e5 import E5Embedder
from retrieval.index import CorpusIndex
from retrieval.search import Retriever
from storage.database import Database
from tests.integration.retrieval.world import SETTINGS, World, scope

ENGLISH = [
    "Employees who resign give ninety days of written notice.",
    "The canteen serves lunch from noon until two o'clock.",
    "Purchase order KX-4471 covers the spare pumps.",
]
CHINESE = [
    "报销差旅费用需要在三十天内提交发票。",
    "办公室停车位按照入职时间先后分配。",
    "会议室须提前一天在系统里预订。",
    "新员工的试用期为六个月。",
]


@pytest.fixture(scope="module")
def e5() -> E5Embedder:
    return E5Embedder(threads=1)


@pytest.mark.models
@pytest.mark.parametrize(
    ("query", "wanted", "rank_max"),
    [
        ("How long before leaving must I tell the company?", ENGLISH[0], 1),
        ("谁能得到停车位？", CHINESE[1], 1),
        ("KX-4471", ENGLISH[2], 1),
        ("辞职需要提前多久通知？", ENGLISH[0], 2),
        ("几点可以吃午饭？", ENGLISH[1], 1),
        ("By when do I hand in receipts after a business trip?", CHINESE[0], 1),
        ("How long is the probation of a new colleague?", CHINESE[3], 1),
    ],
)
def test_finds_the_passage_in_both_languages(
    tmp_path, e5: E5Embedder, query: str, wanted: str, rank_max: int
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'world.db'}")
    world = World(database)
    world.embedder = e5
    world.tenant("t1")
    collection = world.collection("t1")
    acl = world.acl("t1", f"collection:{collection}")
    world.document("t1", collection, acl, ENGLISH, "en")
    world.document("t1", collection, acl, CHINESE, "zh")
    index = CorpusIndex(
        database,
        world.keyring,
        embedder=e5,
        settings=SETTINGS,
    )
    index.rebuild()
    retriever = Retriever(database, index, e5, world.keyring, SETTINGS)
    found = retriever.search(scope("t1", acl), query, rank_max)
    assert wanted in [hit.chunk.text for hit in found]
    database.close()
