"""Receipts: whatever is changed in one, it no longer verifies."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from security.erasure.destroyed import DestroyedKey
from security.erasure.receipt import Erased, Receipt, public_text, sign_receipt, verify_receipt
from security.errors import ReceiptInvalid

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
ERASED = Erased(
    "person",
    "u1",
    (DestroyedKey("person:u1", "ab" * 32), DestroyedKey("conversation:c1", "cd" * 32)),
    {"sessions": 2, "users": 1},
)


def _signed(key: Ed25519PrivateKey = KEY) -> Receipt:
    at = "2026-11-22T09:00:00+00:00"
    return sign_receipt(key, ERASED, receipt_id="r1", tenant_id="t1", at=at, by="operator")


def test_a_receipt_says_what_when_by_whom_and_which_keys() -> None:
    assert verify_receipt(_signed().text, public_text(KEY.public_key())) == {
        "format": "sourcebook-erasure-1",
        "id": "r1",
        "tenant": "t1",
        "kind": "person",
        "target": "u1",
        "at": "2026-11-22T09:00:00+00:00",
        "by": "operator",
        "keys": [
            {"owner": "person:u1", "sha256": "ab" * 32},
            {"owner": "conversation:c1", "sha256": "cd" * 32},
        ],
        "rows": {"sessions": 2, "users": 1},
        "public_key": public_text(KEY.public_key()),
    }


def test_its_text_is_canonical() -> None:
    text = _signed().text
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def test_the_form_of_the_text_does_not_matter_to_who_verifies() -> None:
    loose = json.dumps(dict(reversed(_signed().fields.items())), indent=2)
    assert verify_receipt(loose)["id"] == "r1"


@given(st.data())
def test_no_field_can_be_changed_added_or_left_out(data: st.DataObject) -> None:
    fields = _signed().fields
    name = data.draw(st.sampled_from(sorted(fields)))
    changed: dict[str, Any] = dict(fields)
    match data.draw(st.sampled_from(["change", "drop", "add", "nested"])):
        case "change":
            changed[name] = "x" if name != "rows" else {}
        case "drop":
            del changed[name]
        case "add":
            changed["note"] = "x"
        case "nested":
            changed["keys"] = fields["keys"][:1]
    with pytest.raises(ReceiptInvalid):
        verify_receipt(json.dumps(changed))


def test_another_signer_is_refused_by_whoever_knows_the_key() -> None:
    forged = _signed(OTHER).text
    assert verify_receipt(forged)  # true to itself, which is all that it can show
    with pytest.raises(ReceiptInvalid):
        verify_receipt(forged, public_text(KEY.public_key()))


def test_a_signature_over_the_same_words_for_another_purpose_is_no_receipt() -> None:
    fields = _signed().fields
    body = {name: value for name, value in fields.items() if name != "signature"}
    bare = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    signature = base64.b64encode(KEY.sign(bare)).decode()
    with pytest.raises(ReceiptInvalid):
        verify_receipt(json.dumps(body | {"signature": signature}))


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "1", '{"signature": 1}', "{"])
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(ReceiptInvalid):
        verify_receipt(text)
