"""Public test vectors, which are not part of this project.

Read from the folder that SOURCEBOOK_TEST_VECTORS names: Wycheproof's `aes_gcm_test.json`, and
`xaes_256_gcm_accumulated.json`, which maps a number of iterations to the digest that the C2SP
specification of XAES-256-GCM gives for it, such as `{"10000": "…"}`.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.xaes import XaesGcm

BYTES_OF_AN_ITERATION_MAX = 32 + 24 + 2 * 256


def vectors(name: str) -> dict[str, Any]:
    folder = os.environ.get("SOURCEBOOK_TEST_VECTORS")
    file = Path(folder) / name if folder else None
    if file is None or not file.is_file():
        pytest.skip(f"SOURCEBOOK_TEST_VECTORS names no folder with {name}")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_gcm_of_the_library_agrees_with_wycheproof() -> None:
    checked = 0
    for group in vectors("aes_gcm_test.json")["testGroups"]:
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
            continue
        for test in group["tests"]:
            key, nonce, associated, text, sealed, tag = (
                bytes.fromhex(test[field]) for field in ("key", "iv", "aad", "msg", "ct", "tag")
            )
            checked += 1
            if test["result"] == "valid":
                assert AESGCM(key).encrypt(nonce, text, associated) == sealed + tag, test["tcId"]
            else:
                with pytest.raises(InvalidTag):
                    AESGCM(key).decrypt(nonce, sealed + tag, associated)
    assert checked


def accumulated(iterations: int) -> str:
    stream = hashlib.shake_128().digest(iterations * BYTES_OF_AN_ITERATION_MAX)
    digest, place = hashlib.shake_128(), 0

    def take(count: int) -> bytes:
        nonlocal place
        place += count
        return stream[place - count : place]

    for _ in range(iterations):
        key, nonce = take(32), take(24)
        text = take(take(1)[0])
        associated = take(take(1)[0])
        sealed = XaesGcm(key).encrypt(nonce, text, associated)
        assert XaesGcm(key).decrypt(nonce, sealed, associated) == text
        digest.update(sealed)
    return digest.hexdigest(32)


def test_xaes_agrees_with_the_accumulated_vectors() -> None:
    for iterations, expected in vectors("xaes_256_gcm_accumulated.json").items():
        assert accumulated(int(iterations)) == expected
