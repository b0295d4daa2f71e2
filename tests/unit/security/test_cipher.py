import pytest

from security.aead import Key
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.places import Place

PLACE = Place("chunks", "d.1", "body")
FIRST, SECOND = Key(bytes(range(32))), Key(bytes(range(1, 33)))


def test_what_is_sealed_opens_in_its_place() -> None:
    cipher = Cipher("default", FIRST)
    assert cipher.open(PLACE, cipher.seal(PLACE, b"text")) == b"text"
    assert cipher.open(PLACE, cipher.seal(PLACE, b"")) == b""


def test_equal_texts_look_different() -> None:
    cipher = Cipher("default", FIRST)
    assert cipher.seal(PLACE, b"text") != cipher.seal(PLACE, b"text")


def test_a_newer_cipher_opens_what_the_older_key_sealed_and_seals_under_its_own() -> None:
    old, new = Cipher("default", FIRST), Cipher("default", SECOND, older=[FIRST])
    assert new.open(PLACE, old.seal(PLACE, b"text")) == b"text"
    with pytest.raises(DecryptionFailed):
        old.open(PLACE, new.seal(PLACE, b"text"))


@pytest.mark.parametrize("sealed", [b"", b"text", bytes(17), bytes(200)])
def test_there_is_no_plaintext_fallback(sealed: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        Cipher("default", FIRST).open(PLACE, sealed)


@pytest.mark.parametrize("byte", [0, 1])
def test_an_unknown_version_or_algorithm_is_refused(byte: int) -> None:
    cipher = Cipher("default", FIRST)
    sealed = bytearray(cipher.seal(PLACE, b"text"))
    sealed[byte] += 1
    with pytest.raises(DecryptionFailed):
        cipher.open(PLACE, bytes(sealed))


@pytest.mark.parametrize(
    "sealed",
    [
        "01019e5252b9d79add42671a0f47dbfc60400481a0fc81aeb4c102f3075e"
        "72ec1b2a57750c5b770b1624f0f3af91c1fc1e52106bafcb94ef006892be",
        "01039e5252b9d79add42671a0f47dbfc60404030d7dc499a1c77efdbaf495929a3f32efd"
        "5c89418aebe1f6659175651497f7c9833ac911b2a2b6008b5e19740d0b9fd478beceae54",
    ],
    ids=["AES-256-GCM", "XAES-256-GCM"],
)
def test_what_was_stored_opens_for_ever(sealed: str) -> None:
    assert Cipher("default", FIRST).open(PLACE, bytes.fromhex(sealed)) == b"stored in 2026"


def test_a_key_has_exactly_256_bits() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Key(bytes(31))
