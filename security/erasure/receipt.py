"""A signed statement that something was erased: what, when, by whom, and which keys went with it.

It holds ids and digests only, so it can be kept and shown for as long as anyone may ask. The
signature is Ed25519 over a fixed prefix and the canonical JSON (RFC 8785) of all other fields.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from security.audit.canonical import canonical
from security.erasure.destroyed import DestroyedKey
from security.errors import ReceiptInvalid

Kind = Literal["document", "person", "tenant"]
FORMAT: Final = "sourcebook-erasure-1"
_PREFIX: Final = b"sourcebook erasure receipt\n"


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: the rows that went, counted by table, and the keys destroyed with them."""

    kind: Kind
    target: str
    keys: tuple[DestroyedKey, ...]
    rows: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it is stored and handed out."""

    id: str
    text: str
    """Canonical JSON, with `public_key` and `signature` inside."""

    @property
    def fields(self) -> dict[str, Any]:
        """What the text says."""
        loaded: dict[str, Any] = json.loads(self.text)
        return loaded


def sign_receipt(
    key: Ed25519PrivateKey, erased: Erased, *, receipt_id: str, tenant_id: str, at: str, by: str
) -> Receipt:
    """Make a receipt; `at` is an ISO 8601 time, `by` the id of who asked for it."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "id": receipt_id,
        "tenant": tenant_id,
        "kind": erased.kind,
        "target": erased.target,
        "at": at,
        "by": by,
        "keys": [{"owner": lost.owner, "sha256": lost.sha256} for lost in erased.keys],
        "rows": erased.rows,
        "public_key": public_text(key.public_key()),
    }
    signature = base64.b64encode(key.sign(_signed(body))).decode()
    return Receipt(receipt_id, canonical(body | {"signature": signature}).decode())


def verify_receipt(text: str, public_key: str | None = None) -> dict[str, Any]:
    """Check a receipt without any other knowledge and return what it says.

    `public_key` (base64) is the signer's, kept from elsewhere; without it, the receipt only proves
    that it was not changed since whoever made it signed it.

    Raises:
        ReceiptInvalid: changed, not a receipt, or signed by another key.
    """
    try:
        fields: dict[str, Any] = json.loads(text)
        signature = base64.b64decode(fields["signature"], validate=True)
        body = {name: value for name, value in fields.items() if name != "signature"}
        signer = Ed25519PublicKey.from_public_bytes(base64.b64decode(body["public_key"]))
        signer.verify(signature, _signed(body))
        known = body["format"] == FORMAT
    except (InvalidSignature, ValueError, TypeError, KeyError):
        raise ReceiptInvalid from None
    if not known or (public_key is not None and public_key != body["public_key"]):
        raise ReceiptInvalid
    return body


def public_text(key: Ed25519PublicKey) -> str:
    """Return a public key as receipts show it."""
    return base64.b64encode(key.public_bytes_raw()).decode()


def _signed(body: dict[str, Any]) -> bytes:
    return _PREFIX + canonical(body)
