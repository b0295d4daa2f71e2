"""The condition that a scope compiles to: every part of it keeps something out by itself."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from retrieval.access import AccessScope, intern_acl
from retrieval.tables import Collection, Document
from security.tables import Tenant
from storage.database import Base, Database

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'scopes.db'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.fixture
def every(database: Database) -> AccessScope:
    """Fill two tenants with two collections of two documents; return what lets all of t1 pass.

    A document's id tells where it is: tenant, collection, permission list. The scope holds the
    numbers of both tenants' lists, as no scope of the product does.
    """
    acls = []
    with database.transaction() as session:
        for tenant in ("t1", "t2"):
            session.add(Tenant(id=tenant, name=tenant, created_at=NOW))
            session.flush()
            acls += [intern_acl(session, tenant, [f"user:{name}"]) for name in ("ann", "bob")]
            for place in ("c1", "c2"):
                key = f"{tenant}.{place}"
                session.add(
                    Collection(
                        id=key, tenant_id=tenant, name=b"-", name_digest=place, created_at=NOW
                    )
                )
                session.flush()
                session.add_all(
                    _document(f"{key}.{n}", tenant, key, acl) for n, acl in enumerate(acls[-2:])
                )
    return AccessScope("t1", frozenset(acls))


def _document(key: str, tenant: str, collection: str, acl: int) -> Document:
    return Document(
        id=key,
        tenant_id=tenant,
        collection_id=collection,
        acl_id=acl,
        name=b"-",
        content_digest=key,
        media_type="text/plain",
        size_bytes=1,
        status="ready",
        stage="ready",
        created_by="ann",
        created_at=NOW,
        updated_at=NOW,
    )


def _found(database: Database, scope: AccessScope) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(Document.id).where(scope.documents())))


def test_another_tenant_s_documents_are_not_found_even_by_their_lists(
    database: Database, every: AccessScope
) -> None:
    assert _found(database, every) == {"t1.c1.0", "t1.c1.1", "t1.c2.0", "t1.c2.1"}
    assert _found(database, replace(every, tenant_id="t3")) == set()


def test_only_documents_of_its_lists_are_found(database: Database, every: AccessScope) -> None:
    first = replace(every, acls=frozenset({min(every.acls)}))
    assert _found(database, first) == {"t1.c1.0", "t1.c2.0"}
    assert _found(database, replace(every, acls=frozenset())) == set()


def test_only_documents_of_the_named_collections_are_found(
    database: Database, every: AccessScope
) -> None:
    inside = every.narrowed(frozenset({"t1.c1", "t2.c1"}))
    assert _found(database, inside) == {"t1.c1.0", "t1.c1.1"}
    assert _found(database, every.narrowed(frozenset())) == set()
