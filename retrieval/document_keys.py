"""The keys of many documents at once, when some may be gone."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from security.cipher import Cipher
from security.errors import DecryptionFailed, KeyDestroyed
from security.keyring import KeyRing


def document_owner(document_id: str) -> str:
    """Name a document as the owner of its key."""
    return f"document:{document_id}"


def document_ciphers(
    session: Session, keyring: KeyRing, tenant_id: str, document_ids: Sequence[str]
) -> dict[str, Cipher]:
    """Return the ciphers by document id, without those whose key is destroyed or damaged."""
    owners = {document_owner(document_id): document_id for document_id in document_ids}
    try:
        found = keyring.ciphers(session, tenant_id, list(owners))
    except KeyDestroyed:
        return {}
    except DecryptionFailed:
        # One damaged key must not take the other documents down with it.
        found = _readable(session, keyring, tenant_id, list(owners))
    return {owners[owner]: cipher for owner, cipher in found.items()}


def _readable(
    session: Session, keyring: KeyRing, tenant_id: str, owners: Sequence[str]
) -> dict[str, Cipher]:
    found = {}
    for owner in owners:
        try:
            found[owner] = keyring.cipher(session, tenant_id, owner)
        except (KeyDestroyed, DecryptionFailed):
            continue
    return found
