"""Tags in the rows, each sealed under the key of the document it is on."""

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from retrieval.document_keys import document_ciphers
from retrieval.tables import Document, DocumentTag
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.keyring import KeyRing
from security.places import Place


def replace_tags(
    session: Session, cipher: Cipher, document: Document, labels: Mapping[str, str]
) -> None:
    """Give a document these tags (by digest) in place of those it has."""
    session.execute(delete(DocumentTag).where(DocumentTag.document_id == document.id))
    rows = [
        {
            "document_id": document.id,
            "digest": digest,
            "tenant_id": document.tenant_id,
            "label": cipher.seal(tag_place(document.id, digest), label.encode()),
        }
        for digest, label in labels.items()
    ]
    if rows:
        session.execute(insert(DocumentTag), rows)


def labels_of(
    session: Session, keyring: KeyRing, tenant_id: str, document_ids: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Return the tags of documents by digest, sorted; those whose key is gone have none."""
    rows = session.execute(
        select(DocumentTag.document_id, DocumentTag.digest, DocumentTag.label).where(
            DocumentTag.tenant_id == tenant_id, DocumentTag.document_id.in_(list(document_ids))
        )
    ).all()
    ciphers = document_ciphers(session, keyring, tenant_id, list({row.document_id for row in rows}))
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        place = tag_place(row.document_id, row.digest)
        try:
            label = ciphers[row.document_id].open(place, row.label).decode()
        except (KeyError, DecryptionFailed):
            continue
        found.setdefault(row.document_id, {})[row.digest] = label
    return {
        document_id: dict(sorted(labels.items(), key=lambda item: (item[1].casefold(), item[1])))
        for document_id, labels in found.items()
    }


def tag_place(document_id: str, digest: str) -> Place:
    """Return where a tag is sealed."""
    return Place("document_tags", f"{document_id}.{digest}", "label")
