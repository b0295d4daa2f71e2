from collections.abc import Callable

import numpy as np
import pytest

from retrieval.chunk_codec import (
    open_body,
    open_tokens,
    open_vector,
    seal_body,
    seal_tokens,
    seal_vector,
)
from retrieval.corpus import Box, Chunk
from security.aead import Key
from security.cipher import Cipher
from security.errors import DecryptionFailed

CHUNK = Chunk(
    3, "试用期 is three months", 40, 62, ("第一章", "Terms"), 2, (Box(2, 0.1, 0.2, 0.9, 0.25),)
)
VECTOR = np.linspace(-1, 1, 8, dtype=np.float32)


@pytest.fixture
def cipher() -> Cipher:
    return Cipher("t1", Key(bytes(range(32))))


@pytest.mark.parametrize("chunk", [CHUNK, Chunk(3, "", 0, 0)])
def test_a_body_comes_back_as_it_was(cipher: Cipher, chunk: Chunk) -> None:
    sealed = seal_body(cipher, "d1", chunk)
    assert open_body(cipher, "d1", 3, sealed) == chunk
    assert "试用期".encode() not in sealed


def test_a_vector_keeps_half_precision(cipher: Cipher) -> None:
    opened = open_vector(cipher, "d1", 3, seal_vector(cipher, "d1", 3, VECTOR))
    assert opened.dtype == np.float16
    assert np.array_equal(opened, VECTOR.astype(np.float16))


def test_tokens_come_back_as_they_were(cipher: Cipher) -> None:
    tokens = bytes(range(24))
    assert open_tokens(cipher, "d1", 3, seal_tokens(cipher, "d1", 3, tokens)) == tokens


@pytest.mark.parametrize(("document_id", "ordinal"), [("d2", 3), ("d1", 4)])
def test_nothing_opens_in_another_row(cipher: Cipher, document_id: str, ordinal: int) -> None:
    sealed_and_open: list[tuple[bytes, Callable[..., object]]] = [
        (seal_body(cipher, "d1", CHUNK), open_body),
        (seal_vector(cipher, "d1", 3, VECTOR), open_vector),
        (seal_tokens(cipher, "d1", 3, b"x" * 8), open_tokens),
    ]
    for sealed, open_ in sealed_and_open:
        with pytest.raises(DecryptionFailed):
            open_(cipher, document_id, ordinal, sealed)


def test_a_field_does_not_open_as_another(cipher: Cipher) -> None:
    with pytest.raises(DecryptionFailed):
        open_tokens(cipher, "d1", 3, seal_vector(cipher, "d1", 3, VECTOR))
