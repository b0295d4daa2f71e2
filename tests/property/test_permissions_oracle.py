"""Invariant 2: what the rows let somebody see is what an oracle written in Cedar says.

Worlds hold everything that decides: groups that exist and that do not, roles of people and groups
in the tenant and in collections, lists that name each of these, and tokens with fewer scopes.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import insert, select

from ingest.permission_lists import stored
from retrieval.access import admits, intern_acl, scope_for
from retrieval.tables import Collection, Document
from security.accounts import principal_of
from security.principal import Role, Verb
from security.tables import Grant, Group, GroupMember, Tenant, User
from storage.database import Base, Database
from tests.property.cedar_oracle import CedarWorld, Paper, Person, Request, answers

WORLDS, PEOPLE, GROUPS, PAPERS, COLLECTIONS, TOKENS = 150, 6, 3, 5, 2, 2
CASES_MIN = 10_000
BATCHES = -(-int(os.environ.get("FUZZ_WORLDS", WORLDS)) // WORLDS)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
VERBS = ("read", "ask")
SCOPES = [
    *[None] * 6,
    *map(frozenset, ((), ("read",), ("ask", "share"), ("read", "ask"), ("edit",))),
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'worlds.db'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.mark.parametrize("batch", range(BATCHES))
def test_cedar_agrees_about_every_document_of_many_worlds(database: Database, batch: int) -> None:
    random = Random(20261122 + batch)
    worlds = [_world(random, f"t{number}") for number in range(WORLDS)]
    _store(database, worlds)
    requests, seen = [], []
    for world, other in zip(worlds, [*worlds[1:], worlds[0]], strict=True):
        papers = [paper.id for paper in (*world.papers, other.papers[0])]
        for person in world.people:
            for scopes in random.choices(SCOPES, k=TOKENS):
                verb = random.choice(VERBS)
                visible = _visible(database, world, person.id, Verb(verb), scopes)
                requests += [Request(person.id, verb, paper, scopes) for paper in papers]
                seen += [paper in visible for paper in papers]
    assert len(requests) >= CASES_MIN
    expected = answers(worlds, requests)
    wrong = [
        (request, ours)
        for request, ours, theirs in zip(requests, seen, expected, strict=True)
        if ours != theirs
    ]
    assert wrong == []
    assert 0.15 < sum(expected) / len(expected) < 0.8  # a world of one colour would prove nothing


def _world(random: Random, tenant: str) -> CedarWorld:
    collections = [f"{tenant}c{number}" for number in range(COLLECTIONS)]
    groups = [f"{tenant}g{number}" for number in range(GROUPS)]
    places = [None, *collections]

    def roles() -> list[tuple[str | None, str]]:
        chosen = random.sample(places, random.choice((0, 0, 1, 2)))
        return [(place, random.choice(list(Role)).value) for place in chosen]

    world = CedarWorld(tenant, collections, {group: roles() for group in groups})
    for number in range(PEOPLE):
        joined = random.sample(groups, random.randrange(GROUPS + 1))
        world.people.append(Person(f"{tenant}u{number}", joined, roles()))
    ghosts = [f"group:{tenant}g{GROUPS}", f"user:{tenant}u{PEOPLE}"]
    names = [f"user:{person.id}" for person in world.people]
    names += [*(f"group:{group}" for group in groups), *(f"role:{role}" for role in Role), *ghosts]
    for number in range(PAPERS):
        place = random.choice(collections)
        allow = random.sample([*names, *[f"collection:{place}"] * 6], random.randrange(4))
        deny = random.sample(names, random.choice((0, 0, 0, 1, 2)))
        world.papers.append(Paper(f"{tenant}d{number}", place, allow, deny))
    return world


def _visible(
    database: Database,
    world: CedarWorld,
    person: str,
    verb: Verb,
    scopes: frozenset[str] | None,
) -> frozenset[str]:
    limits = None if scopes is None else frozenset(map(Verb, scopes))
    with database.reading() as session:
        principal = principal_of(session, person, limits)
        scope = scope_for(session, principal, verb)
        visible = frozenset(session.scalars(select(Document.id).where(scope.documents())))
    one_by_one = {p.id for p in world.papers if admits(principal, *_lists(p), verb)}
    assert visible == one_by_one
    return visible


def _store(database: Database, worlds: list[CedarWorld]) -> None:
    with database.transaction() as session:
        common = [{"tenant_id": world.tenant, "created_at": NOW} for world in worlds]
        session.execute(
            insert(Tenant), [{"id": w.tenant, "name": w.tenant, "created_at": NOW} for w in worlds]
        )
        pairs = list(zip(worlds, common, strict=True))
        session.execute(
            insert(Group),
            [{"id": g, "name": g, "source": "x"} | c for w, c in pairs for g in w.group_roles],
        )
        session.execute(
            insert(User), [{"id": p.id, "name": p.id} | c for w, c in pairs for p in w.people]
        )
        session.execute(
            insert(Collection),
            [{"id": k, "name": b"", "name_digest": k} | c for w, c in pairs for k in w.collections],
        )
        session.execute(
            insert(GroupMember),
            [
                {"group_id": group, "user_id": person.id} | c
                for w, c in pairs
                for person in w.people
                for group in person.groups
            ],
        )
        session.execute(insert(Grant), list(_grants(pairs)))
        session.execute(
            insert(Document),
            [
                _row(paper, c, intern_acl(session, w.tenant, *_lists(paper)))
                for w, c in pairs
                for paper in w.papers
            ],
        )


def _grants(pairs: list[tuple[CedarWorld, dict[str, object]]]) -> Iterator[dict[str, object]]:
    for world, common in pairs:
        held = [({"user_id": p.id, "group_id": None}, p.roles) for p in world.people]
        held += [({"user_id": None, "group_id": g}, r) for g, r in world.group_roles.items()]
        for holder, roles in held:
            for place, role in roles:
                key = f"{holder['user_id'] or holder['group_id']} {place}"
                yield {"id": key, "collection_id": place, "role": role} | holder | common


def _lists(paper: Paper) -> tuple[list[str], list[str]]:
    return stored(paper.allow, paper.collection), stored(paper.deny, paper.collection)


def _row(paper: Paper, common: dict[str, object], acl_id: int) -> dict[str, object]:
    return common | {
        "id": paper.id,
        "collection_id": paper.collection,
        "acl_id": acl_id,
        "name": b"",
        "content_digest": paper.id,
        "media_type": "text/plain",
        "size_bytes": 1,
        "status": "ready",
        "stage": "ready",
        "created_by": "x",
        "updated_at": NOW,
    }
