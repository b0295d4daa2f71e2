"""The header of a GGUF file, read without trusting it.

The `gguf` package's own reader loops over any count that a file claims and cuts short what lies
beyond its end. Here every count and offset is checked against the file before it is used, so a
damaged or hostile file costs neither much memory nor much time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

from model.errors import CheckpointError
from model.gguf.cursor import Cursor, Damaged

Shape = tuple[int, ...]
MAGIC = 0x46554747  # "GGUF"
VERSIONS = (2, 3)
# Far beyond any real file, and few enough to hold in memory.
FIELDS_MAX = 65_536
TENSORS_MAX = 1_048_576
DIMENSIONS_MAX = 4
ALIGNMENT_KEY = "general.alignment"
ALIGNMENT_DEFAULT = 32


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor, still packed.

    Attributes:
        shape: outermost dimension first, as in torch (the file has it the other way round).
        rows: uint8 (rows, bytes of a row), a view of the mapped file. A vector in a format
            without blocks has one value in each row.
    """

    name: str
    shape: Shape
    format: gguf.GGMLQuantizationType
    rows: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A mapped file's metadata and tensors, by name."""

    path: Path
    fields: Mapping[str, Any]
    tensors: Mapping[str, GgufTensor]

    @classmethod
    def open(cls, path: Path) -> "GgufFile":
        """Map a file and read its header.

        Raises:
            CheckpointError: it is missing, damaged or no GGUF file.
        """
        try:
            cursor = Cursor(np.memmap(path, mode="r"))
            return _read(path, cursor)
        except OSError as error:
            raise CheckpointError(path, f"cannot be read: {error}") from error
        except ValueError as error:  # also numpy's, for an empty file, and Damaged
            raise CheckpointError(path, f"is damaged or no GGUF file ({error})") from error

    def value(self, key: str) -> Any:
        """Return one metadata value.

        Raises:
            CheckpointError: the file does not have it.
        """
        if key not in self.fields:
            raise CheckpointError(self.path, f"the value {key} is missing")
        return self.fields[key]

    def text(self, key: str) -> str:
        """Return one metadata value that is a text.

        Raises:
            CheckpointError: the file does not have it, or it is something else.
        """
        value = self.value(key)
        if not isinstance(value, str):
            raise CheckpointError(self.path, f"the value {key} is no text")
        return value

    def texts(self, key: str) -> list[str]:
        """Return one metadata value that is a list of texts.

        Raises:
            CheckpointError: the file does not have it, or it is something else.
        """
        value = self.value(key)
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise CheckpointError(self.path, f"the value {key} is no list of texts")
        return value


def _read(path: Path, cursor: Cursor) -> GgufFile:
    if cursor.number("<u4") != MAGIC:
        raise Damaged("it does not begin with GGUF")
    if (version := cursor.number("<u4")) not in VERSIONS:
        raise Damaged(f"version {version}; known are 2 and 3, little-endian")
    tensor_count = cursor.count(TENSORS_MAX, "tensors")
    field_count = cursor.count(FIELDS_MAX, "metadata values")
    fields = dict(cursor.field() for _ in range(field_count))
    heads = [_tensor_head(cursor) for _ in range(tensor_count)]
    data = cursor.rest_from_multiple_of(_alignment(fields))
    tensors = {head.name: head.mapped(data) for head in heads}
    if len(fields) < field_count or len(tensors) < tensor_count:
        raise Damaged("a name occurs twice")
    _check_apart(heads)
    return GgufFile(path, fields, tensors)


@dataclass(frozen=True, slots=True)
class _TensorHead:
    """What the header says of a tensor; `offset` is in bytes from the start of the data."""

    name: str
    shape: Shape
    format: gguf.GGMLQuantizationType
    offset: int

    @property
    def size_bytes(self) -> int:
        block, block_bytes = gguf.GGML_QUANT_SIZES[self.format]
        size: int = prod(self.shape) // block * block_bytes
        return size

    def mapped(self, data: npt.NDArray[np.uint8]) -> GgufTensor:
        end = self.offset + self.size_bytes
        if end > len(data):
            raise Damaged(f"the tensor {self.name} ends beyond the file")
        block, block_bytes = gguf.GGML_QUANT_SIZES[self.format]
        columns = 1 if len(self.shape) == 1 and block == 1 else self.shape[-1]
        rows = data[self.offset : end].reshape(-1, columns // block * block_bytes)
        return GgufTensor(self.name, self.shape, self.format, rows)


def _tensor_head(cursor: Cursor) -> _TensorHead:
    name = cursor.text()
    dimensions = cursor.number("<u4")
    if not 1 <= dimensions <= DIMENSIONS_MAX:
        raise Damaged(f"the tensor {name} has {dimensions} dimensions")
    shape = tuple(cursor.numbers("<u8", dimensions)[::-1])
    tensor_format = gguf.GGMLQuantizationType(cursor.number("<u4"))
    block, _ = gguf.GGML_QUANT_SIZES[tensor_format]
    if not all(shape) or shape[-1] % block:
        raise Damaged(f"the tensor {name} of shape {shape} cannot be {tensor_format.name}")
    return _TensorHead(name, shape, tensor_format, cursor.number("<u8"))


def _alignment(fields: Mapping[str, Any]) -> int:
    alignment = fields.get(ALIGNMENT_KEY, ALIGNMENT_DEFAULT)
    if not isinstance(alignment, int) or alignment < 1:
        raise Damaged(f"{ALIGNMENT_KEY} is {alignment}")
    return alignment


def _check_apart(heads: list[_TensorHead]) -> None:
    """Refuse tensors that share bytes: unpacked, a small file could fill any disk with them."""
    for one, other in pairwise(sorted(heads, key=lambda head: head.offset)):
        if one.offset + one.size_bytes > other.offset:
            raise Damaged(f"the tensors {one.name} and {other.name} overlap")
