"""The keys of many documents at once, when some may be gone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy import ScalarSelect, SQLColumnExpression, literal, select
from sqlalchemy.orm import Session

from security.cipher import Cipher
from security.errors import DecryptionFailed, KeyDestroyed
from security.keyring import KeyRing
from security.tables import WrappedKey

_PREFIX: Final = "document:"


def document_owner(document_id: str) -> str:
    """Name a document as the owner of its key."""
    return f"{_PREFIX}{document_id}"


def document_ciphers(
    session: Session, keyring: KeyRing, tenant_id: str, document_ids: Sequence[str]
) -> dict[str, Cipher]:
    """Return the ciphers by document id, without those whose key is destroyed or damaged."""
    owners = [document_owner(document_id) for document_id in document_ids]
    return _by_document(
        session, keyring, tenant_id, owners, lambda: keyring.ciphers(session, tenant_id, owners)
    )


def unwrapped_ciphers(
    session: Session, keyring: KeyRing, tenant_id: str, wrapped: Mapping[str, bytes]
) -> dict[str, Cipher]:
    """Return the ciphers of wrapped keys, by document id, that the caller has just read.

    Those whose key is damaged are left out.
    """
    owned = {document_owner(document_id): key for document_id, key in wrapped.items()}
    return _by_document(
        session,
        keyring,
        tenant_id,
        list(owned),
        lambda: keyring.unwrapped(session, tenant_id, owned),
    )


def wrapped_key_of(tenant_id: str, document_id: SQLColumnExpression[str]) -> ScalarSelect[bytes]:
    """Select a document's wrapped key beside other columns, which saves a query for it."""
    return (
        select(WrappedKey.wrapped)
        .where(
            WrappedKey.tenant_id == tenant_id, WrappedKey.owner == literal(_PREFIX) + document_id
        )
        .scalar_subquery()
    )


def _by_document(
    session: Session,
    keyring: KeyRing,
    tenant_id: str,
    owners: Sequence[str],
    read: Callable[[], dict[str, Cipher]],
) -> dict[str, Cipher]:
    try:
        found = read()
    except KeyDestroyed:
        return {}
    except DecryptionFailed:
        # One damaged key must not take the other documents down with it.
        found = _readable(session, keyring, tenant_id, owners)
    return {owner.removeprefix(_PREFIX): cipher for owner, cipher in found.items()}


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
