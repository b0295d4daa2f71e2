"""Each tenant's signing key: a secret of its own, wrapped like every other key."""

from typing import Final

from sqlalchemy.orm import Session

from security.aead import derive
from security.audit.checkpoint import Signer
from security.cipher import Cipher
from security.keyring import KeyRing

_OWNER: Final = "audit:checkpoints"


def origin_of(tenant_id: str) -> str:
    """Name a tenant's log: no other log anywhere has this name."""
    return f"sourcebook/audit/{tenant_id}"


def signer_of(session: Session, keyring: KeyRing, tenant_id: str) -> Signer:
    """Return who signs a tenant's checkpoints; the first call stores the key."""
    cipher = keyring.obtain(session, tenant_id, _OWNER)
    return Signer(origin_of(tenant_id), _seed(cipher))


def _seed(cipher: Cipher) -> bytes:
    return derive(cipher.key.file_secret, "audit checkpoint signature")
