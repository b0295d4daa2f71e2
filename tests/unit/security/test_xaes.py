"""XAES-256-GCM against an independent derivation; against Tink and public vectors: see beside."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode
from hypothesis import given
from hypothesis import strategies as st

from security.xaes import NONCE_BYTES, XaesGcm

keys = st.binary(min_size=32, max_size=32)
nonces = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
texts = st.binary(max_size=40)


def message_key(key: bytes, nonce: bytes) -> bytes:
    """Derive with the library's own counter-mode KDF (NIST SP 800-108r1)."""
    kdf = KBKDFCMAC(
        algorithm=AES256,
        mode=Mode.CounterMode,
        length=32,
        rlen=2,
        llen=None,
        location=CounterLocation.BeforeFixed,
        label=None,
        context=None,
        fixed=b"X\0" + nonce[:12],
    )
    return kdf.derive(key)


@given(keys, nonces, texts, texts)
def test_it_is_gcm_under_a_key_derived_from_half_the_nonce(
    key: bytes, nonce: bytes, text: bytes, associated: bytes
) -> None:
    expected = AESGCM(message_key(key, nonce)).encrypt(nonce[12:], text, associated)
    assert XaesGcm(key).encrypt(nonce, text, associated) == expected
    assert XaesGcm(key).decrypt(nonce, expected, associated) == text


@pytest.mark.parametrize("place", [0, 11, 12, 23])
def test_every_part_of_the_nonce_counts(place: int) -> None:
    aead, nonce = XaesGcm(bytes(32)), bytearray(NONCE_BYTES)
    sealed = aead.encrypt(bytes(nonce), b"text", b"")
    nonce[place] ^= 1
    with pytest.raises(InvalidTag):
        aead.decrypt(bytes(nonce), sealed, b"")
