"""Keeping what a file says of its origin with the row, as the filters of searches need it."""

from sqlalchemy.orm import Session

from ingest.blocks import Origin
from retrieval.labels import author_digest, author_place
from retrieval.tables import Document
from security.cipher import Cipher
from security.keyring import KeyRing


def keep_origin(
    session: Session, keyring: KeyRing, cipher: Cipher, row: Document, origin: Origin
) -> None:
    """Store author and date in the row; who wrote it is personal, so the name is sealed."""
    row.dated_on = origin.dated_on or row.created_at.date()
    row.author = row.author_digest = None
    if origin.author is not None:
        keys = keyring.tenant(session, row.tenant_id)
        row.author = cipher.seal(author_place(row.id), origin.author.encode())
        row.author_digest = author_digest(keys, origin.author)
