"""What a search costs in the database: statements and transactions, which can be counted."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event
from starlette.testclient import TestClient

from api import search_schemas
from api.caller import Caller
from api.routes.search import search
from tests.integration.noninterference.world import World, prepared

TEXTS = ["lantern harbour", "copper tariff", "lantern winter"]


@dataclass
class Spent:
    """What one thread said to the database."""

    statements: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("counted")
    prepared(folder)
    with ExitStack() as stack:
        world = World(folder, stack)
        for number, text in enumerate(TEXTS, start=1):
            world.add(f"{number:032x}", text, number)
        yield world


def test_a_search_takes_ten_statements_in_three_transactions(world: World) -> None:
    for client in (world.bo, world.admin):
        found(world, client)  # keys, permission lists and statements are known from here on
        with counted(world.state.database.engine) as spent:
            hits = found(world, client)
        assert len(hits) == len(TEXTS)
        assert len(spent.statements) == 10, spent.statements
        # Rights and changes; passages; the audit entry, which alone may write.
        assert spent.begun == ["reading", "reading", "writing"]


def found(world: World, client: TestClient) -> list[search_schemas.Hit]:
    """Search in this thread: the counter leaves out what the product's own threads do."""
    cookie = next(iter(client.cookies.jar)).value
    query = search_schemas.Query(query="lantern")
    return search(query, Caller(world.state, None, cookie, lambda _principal: None)).hits


@contextmanager
def counted(engine: Engine) -> Iterator[Spent]:
    spent, mine = Spent(), threading.get_ident()

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.get_ident() == mine and not statement.startswith("BEGIN"):
            spent.statements.append(statement)

    def begun(connection: Connection) -> None:
        if threading.get_ident() == mine:
            reads = connection.get_execution_options().get("reading", False)
            spent.begun.append("reading" if reads else "writing")

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "begin", begun)
    try:
        yield spent
    finally:
        event.remove(engine, "before_cursor_execute", executed)
        event.remove(engine, "begin", begun)
