"""Which state of a document an answer or a hit came from."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

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
