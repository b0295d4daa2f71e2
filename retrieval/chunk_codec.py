"""How a chunk is sealed into its row: JSON body, float16 vector, 8-byte blind tokens."""

import json
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.corpus import Box, Chunk
from security.cipher import Cipher
from security.places import Place

VECTOR_TYPE = np.dtype("<f2")


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """A chunk as it is stored: `vector` has shape (dimensions,), `tokens` are joined bytes."""

    chunk: Chunk
    content_digest: str
    embedder: str
    vector: NDArray[np.float32]
    tokens: bytes


def chunk_id(document_id: str, ordinal: int) -> str:
    """Name a chunk, for clients and as the row of its sealed fields."""
    return f"{document_id}.{ordinal}"


def chunk_place(document_id: str, ordinal: int, field: str) -> Place:
    """Say where a sealed field of a chunk lives."""
    return Place("chunks", chunk_id(document_id, ordinal), field)


def seal_body(cipher: Cipher, document_id: str, chunk: Chunk) -> bytes:
    """Seal everything about the chunk but its ordinal, which is a column."""
    body = {
        "text": chunk.text,
        "start": chunk.start,
        "end": chunk.end,
        "heading_path": chunk.heading_path,
        "page": chunk.page,
        "boxes": [astuple(box) for box in chunk.boxes],
    }
    plaintext = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return cipher.seal(chunk_place(document_id, chunk.ordinal, "body"), plaintext)


def open_body(cipher: Cipher, document_id: str, ordinal: int, sealed: bytes) -> Chunk:
    """Read a chunk back.

    Raises:
        DecryptionFailed: the row is not what was written there.
    """
    body = json.loads(cipher.open(chunk_place(document_id, ordinal, "body"), sealed))
    return Chunk(
        ordinal=ordinal,
        text=body["text"],
        start=body["start"],
        end=body["end"],
        heading_path=tuple(body["heading_path"]),
        page=body["page"],
        boxes=tuple(Box(*box) for box in body["boxes"]),
    )


def seal_vector(
    cipher: Cipher, document_id: str, ordinal: int, vector: NDArray[np.float32]
) -> bytes:
    """Seal a vector as float16, which the index holds as well."""
    place = chunk_place(document_id, ordinal, "vector")
    return cipher.seal(place, vector.astype(VECTOR_TYPE).tobytes())


def open_vector(
    cipher: Cipher, document_id: str, ordinal: int, sealed: bytes
) -> NDArray[np.float16]:
    """Read a vector back, shape (dimensions,).

    Raises:
        DecryptionFailed: the row is not what was written there.
    """
    plaintext = cipher.open(chunk_place(document_id, ordinal, "vector"), sealed)
    return np.frombuffer(plaintext, VECTOR_TYPE)


def seal_tokens(cipher: Cipher, document_id: str, ordinal: int, tokens: bytes) -> bytes:
    """Seal the blind tokens, in the order of the text."""
    return cipher.seal(chunk_place(document_id, ordinal, "tokens"), tokens)


def open_tokens(cipher: Cipher, document_id: str, ordinal: int, sealed: bytes) -> bytes:
    """Read the blind tokens back, 8 bytes each.

    Raises:
        DecryptionFailed: the row is not what was written there.
    """
    return cipher.open(chunk_place(document_id, ordinal, "tokens"), sealed)
