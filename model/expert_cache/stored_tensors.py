"""Where tensors lie in safetensors files, to read them without mapping the files.

A mapped file that is cut short kills the process when the missing part is touched; reading it
gives an error instead. Format: https://github.com/huggingface/safetensors#format.
"""

import json
import os
import weakref
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch

from model.config import Shape
from model.errors import CheckpointError

_HEADER_BYTES_MAX = 100_000_000  # the library's own limit
_FORMATS = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "U8": torch.uint8,
}


class OpenFile:
    """A file that any number of threads may read; closed once nobody refers to it."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            CheckpointError: it is missing or may not be read.
        """
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise CheckpointError(path, f"cannot be read: {error}") from error
        weakref.finalize(self, os.close, self._descriptor)

    @property
    def size(self) -> int:
        """Its bytes at this moment."""
        return os.fstat(self._descriptor).st_size

    def read(self, offset: int, target: memoryview) -> None:
        """Fill `target` with the bytes from an offset on.

        Raises:
            CheckpointError: the file is cut short or cannot be read.
        """
        done = 0
        while done < len(target):
            try:
                count = os.preadv(self._descriptor, [target[done:]], offset + done)
            except OSError as error:
                raise CheckpointError(self.path, f"cannot be read: {error}") from error
            if count == 0:
                raise CheckpointError(self.path, f"is cut short: it ends at byte {offset + done}")
            done += count


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor on disk."""

    file: OpenFile
    offset: int
    shape: Shape
    dtype: torch.dtype

    @property
    def size(self) -> int:
        """Its bytes."""
        return prod(self.shape) * self.dtype.itemsize

    def entry(self, number: int) -> "StoredTensor":
        """Return one entry of the first dimension."""
        size = prod(self.shape[1:]) * self.dtype.itemsize
        return StoredTensor(self.file, self.offset + number * size, self.shape[1:], self.dtype)

    def read_into(self, tensor: torch.Tensor) -> None:
        """Fill a contiguous tensor of the same size.

        Raises:
            CheckpointError: the file is cut short or cannot be read.
        """
        self.file.read(self.offset, tensor.view(-1).view(torch.uint8).numpy().data)


def stored_tensors(path: Path) -> dict[str, StoredTensor]:
    """Name the tensors of a safetensors file that have one of the formats above.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    file = OpenFile(path)
    try:
        return dict(_tensors(file))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CheckpointError(path, f"its header is damaged: {error}") from error


def _tensors(file: OpenFile) -> list[tuple[str, StoredTensor]]:
    size = int.from_bytes(_bytes(file, 0, 8), "little")
    if size > min(file.size, _HEADER_BYTES_MAX):
        raise ValueError(f"it would have {size} bytes")
    entries: dict[str, Any] = json.loads(_bytes(file, 8, size))
    return [
        (name, _tensor(file, 8 + size, entry))
        for name, entry in entries.items()
        if name != "__metadata__" and entry["dtype"] in _FORMATS
    ]


def _tensor(file: OpenFile, data_offset: int, entry: dict[str, Any]) -> StoredTensor:
    start, end = entry["data_offsets"]
    shape = tuple(int(count) for count in entry["shape"])
    tensor = StoredTensor(file, data_offset + start, shape, _FORMATS[entry["dtype"]])
    if start < 0 or min(shape, default=1) < 0 or tensor.size != end - start:
        raise ValueError(f"a tensor of shape {shape} lies from {start} to {end}")
    if data_offset + end > file.size:
        raise ValueError(f"a tensor lies beyond the file's {file.size} bytes")
    return tensor


def _bytes(file: OpenFile, offset: int, size: int) -> bytearray:
    content = bytearray(size)
    file.read(offset, memoryview(content))
    return content
