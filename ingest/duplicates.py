"""Finding a file that a collection holds already, among what its uploader may see.

A collection holds each digest once. Where somebody uploads what only others may see there, it must
seem new to them, so their copy takes the next digest of the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.access import scope_for
from retrieval.tables import Document
from security.principal import Principal
from security.tenant_keys import TenantKeys

_PURPOSE = "document content"
_COPIES_MAX = 16
"""Copies that hide from one another; of more than that, later ones are never found again."""


@dataclass(frozen=True, slots=True)
class SameContent:
    """The document with the same bytes, if the uploader may see one, and a digest for a new one."""

    document: Document | None
    free_digest: str


def content_digests(keys: TenantKeys, sha256: bytes) -> list[str]:
    """Return the keyed digests that documents of these bytes may have, the usual one first."""
    numbered = (sha256 + bytes([copy]) for copy in range(1, _COPIES_MAX))
    return [keys.digest(_PURPOSE, data) for data in (sha256, *numbered, uuid4().bytes)]


def same_content(
    session: Session, principal: Principal, collection_id: str, digests: Sequence[str]
) -> SameContent:
    """Look for the same bytes in a collection, and for the first digest that nobody has there."""
    same = (Document.collection_id == collection_id, Document.content_digest.in_(digests))
    taken = set(session.scalars(select(Document.content_digest).where(*same)))
    # What the person may see, not the token: one that only uploads stores nothing twice.
    scope = scope_for(session, replace(principal, scopes=None))
    visible = session.scalars(select(Document).where(*same, scope.documents())).all()
    known = min(visible, key=lambda row: digests.index(row.content_digest), default=None)
    return SameContent(known, next((d for d in digests if d not in taken), digests[-1]))
