import pytest

from storage.database import Database
from tests.integration.retrieval.world import World


@pytest.fixture
def world(database: Database) -> World:
    """Hold an empty corpus; the test runs once on each kind of database."""
    return World(database)
