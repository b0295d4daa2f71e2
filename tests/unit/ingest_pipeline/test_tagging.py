"""Tags: each change on record, each word bound to its own tag."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from ingest.settings import UploadLimits
from ingest.tagging import Tagging
from ingest.views import DocumentView
from retrieval.tables import DocumentTag
from retrieval.tags import labels_of
from security.audit import AuditLog
from security.keyring import KeyRing
from security.principal import Principal
from storage.database import Database

Upload = Callable[..., DocumentView]


@pytest.fixture
def tagging(keyring: KeyRing, audit: AuditLog) -> Tagging:
    return Tagging(keyring, audit, UploadLimits())


@pytest.fixture
def tagged(
    database: Database, tagging: Tagging, owner: Principal, upload: Upload
) -> tuple[str, str]:
    """Put two tags on a document; return its id and its tenant's."""
    document = upload(b"text").id
    with database.transaction() as session:
        tagging.set(session, owner, document, ["Legal", "Draft"])
    return document, owner.tenant_id


def test_each_change_is_on_record(
    tagged: tuple[str, str],
    database: Database,
    tagging: Tagging,
    owner: Principal,
    audited: Callable[[], list[str]],
) -> None:
    assert audited()[-1] == "document.tags"
    with database.transaction() as session:
        tagging.set(session, owner, tagged[0], [])
    assert audited()[-2:] == ["document.tags"] * 2


def test_a_word_moved_to_another_tag_is_not_shown(
    tagged: tuple[str, str], database: Database, keyring: KeyRing
) -> None:
    document, tenant = tagged
    with database.reading() as session:
        assert set(labels_of(session, keyring, tenant, [document])[document].values()) == {
            "Legal",
            "Draft",
        }
        first, second = session.execute(select(DocumentTag.digest, DocumentTag.label)).all()
    with database.transaction() as session:  # who can write to the database exchanges them
        for tag, other in ((first, second), (second, first)):
            row = update(DocumentTag).where(DocumentTag.digest == tag.digest)
            session.execute(row.values(label=other.label))
    with database.reading() as session:
        assert labels_of(session, keyring, tenant, [document]) == {}
