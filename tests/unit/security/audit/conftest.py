"""The audit log on both kinds of database."""

from collections.abc import Iterator

import pytest

from security.keyring import KeyRing
from security.tables import Tenant
from storage.database import Base, Database

TENANT = "default"


@pytest.fixture
def database(database_url: str, keyring: KeyRing, clock) -> Iterator[Database]:
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name="Default", created_at=clock()))
        keyring.create_tenant(session, TENANT)
    yield database
    database.close()
