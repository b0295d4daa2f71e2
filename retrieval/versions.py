"""Which state of a document an answer or a hit came from."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.corpus import Hit
from retrieval.tables import Document


def document_versions(
    session: Session, tenant_id: str, document_ids: Iterable[str]
) -> list[dict[str, str | int]]:
    """Return id, attempt and content digest of each document that still exists, in order."""
    wanted = list(dict.fromkeys(document_ids))
    rows = session.execute(
        select(Document.id, Document.attempt, Document.content_digest).where(
            Document.tenant_id == tenant_id, Document.id.in_(wanted)
        )
    )
    found = {row.id: row for row in rows}
    return [
        {"id": key, "attempt": found[key].attempt, "digest": found[key].content_digest}
        for key in wanted
        if key in found
    ]


def versions_of(hits: Iterable[Hit]) -> list[dict[str, str | int]]:
    """Return the same of the documents that hits and their copies were read from, in order."""
    read = {
        one.document_id: one.version for hit in hits for one in (hit, *hit.copies) if one.version
    }
    return [
        {"id": key, "attempt": version.attempt, "digest": version.content_digest}
        for key, version in read.items()
    ]
