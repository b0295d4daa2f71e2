"""Writing receipts in the transaction of the erasure, and finding them again."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from security.aead import derive
from security.erasure.receipt import Erased, Receipt, public_text, sign_receipt
from security.erasure.tables import ErasureReceipt
from security.errors import Forbidden
from security.keyring import KeyRing
from security.principal import Principal, Verb

SIGNER: Final = "tenant:receipts"
"""The owner of the wrapped key that a tenant's signing key is derived from."""


class ErasureLedger:
    """The receipts of all tenants, each tenant's signed by its own key."""

    def __init__(self, keys: KeyRing, clock: Callable[[], datetime]) -> None:
        self._keys = keys
        self._clock = clock

    def signer(self, session: Session, tenant_id: str) -> Ed25519PrivateKey:
        """Return the tenant's signing key, made when it is first needed.

        Read it before keys are destroyed: the tenant's own erasure is signed by it too.
        """
        cipher = self._keys.obtain(session, tenant_id, SIGNER)
        seed = derive(cipher.key.file_secret, "erasure receipts")
        return Ed25519PrivateKey.from_private_bytes(seed)

    def public_key(self, session: Session, tenant_id: str) -> str:
        """Return the key that verifies the tenant's receipts; keep it apart from them."""
        return public_text(self.signer(session, tenant_id).public_key())

    def write(
        self, session: Session, signer: Ed25519PrivateKey, tenant_id: str, by: str, erased: Erased
    ) -> Receipt:
        """Sign and store a receipt in the transaction that erases."""
        now = self._clock()
        receipt = sign_receipt(
            signer,
            erased,
            receipt_id=uuid4().hex,
            tenant_id=tenant_id,
            at=now.isoformat(timespec="seconds"),
            by=by,
        )
        session.add(
            ErasureReceipt(
                id=receipt.id,
                tenant_id=tenant_id,
                kind=erased.kind,
                target=erased.target,
                at=now,
                text=receipt.text,
            )
        )
        session.flush()
        return receipt

    def receipts(self, session: Session, principal: Principal) -> list[Receipt]:
        """Return a tenant's receipts, oldest first.

        Raises:
            Forbidden: the caller may neither administer nor audit.
        """
        if not (principal.may(Verb.ADMINISTER) or principal.may(Verb.AUDIT)):
            raise Forbidden
        return stored_receipts(session, principal.tenant_id)


def stored_receipts(session: Session, tenant_id: str) -> list[Receipt]:
    """Return a tenant's receipts, oldest first."""
    query = (
        select(ErasureReceipt.id, ErasureReceipt.text)
        .where(ErasureReceipt.tenant_id == tenant_id)
        .order_by(ErasureReceipt.at, ErasureReceipt.id)
    )
    return [Receipt(key, text) for key, text in session.execute(query)]
