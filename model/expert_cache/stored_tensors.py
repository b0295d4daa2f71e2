"""Where tensors lie in safetensors files, to read them without mapping the files.

A mapped file that is cut short kills the process when the missing part is touched; reading it
gives an error instead. Where the file system can, the disk writes straight into our memory
(O_DIRECT): that takes a sixth of the processor time, and the kernel keeps no second copy, which
would make a budget of memory meaningless. Format:
https://github.com/huggingface/safetensors#format.
"""

import json
import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch

from model.config import Shape
from model.errors import CheckpointError

PAGE = 4096
"""What places in files and memory are multiples of."""
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
            self._buffered = self._opened(0)
        except OSError as error:
            raise CheckpointError(path, f"cannot be read: {error}") from error
        self._direct = self._opened_directly()

    @property
    def size(self) -> int:
        """Its bytes at this moment."""
        return os.fstat(self._buffered).st_size

    def read(self, offset: int, target: memoryview) -> None:
        """Fill `target` with the bytes from an offset on.

        Raises:
            CheckpointError: the file is cut short or cannot be read.
        """
        self._read(self._buffered, offset, target, len(target))

    def read_pages(self, offset: int, size: int, memory: torch.Tensor) -> torch.Tensor:
        """Read `size` bytes from an offset on into page-aligned memory; return where they are.

        The whole pages around them are read, so the memory must hold `pages(offset, size)` bytes.

        Raises:
            CheckpointError: the file is cut short or cannot be read.
        """
        lead = offset % PAGE
        target = memory[: pages(offset, size)].numpy().data
        self._read(self._direct, offset - lead, target, lead + size)
        return memory[lead : lead + size]

    def _read(self, descriptor: int, offset: int, target: memoryview, needed: int) -> None:
        done = 0
        while done < needed:
            done -= done % PAGE  # direct reads begin at whole pages
            try:
                count = os.preadv(descriptor, [target[done:]], offset + done)
            except OSError as error:
                raise CheckpointError(self.path, f"cannot be read: {error}") from error
            if count == 0 or done + count < min(needed, done + PAGE):
                end = offset + done + count
                raise CheckpointError(self.path, f"is cut short: it ends at byte {end}")
            done += count

    def _opened(self, flags: int) -> int:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | flags)
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def _opened_directly(self) -> int:
        """Open it past the kernel's cache, if its file system and disk can do that."""
        try:
            direct = self._opened(getattr(os, "O_DIRECT", 0))
            os.preadv(direct, [page_aligned(PAGE).numpy().data], 0)
        except OSError:
            return self._buffered
        return direct


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


def page_aligned(size: int) -> torch.Tensor:
    """Claim bytes that begin at a whole page; takes a page more."""
    memory = torch.empty(size + PAGE, dtype=torch.uint8)
    start = -memory.data_ptr() % PAGE
    return memory[start : start + size]


def pages(offset: int, size: int) -> int:
    """Return the bytes of the whole pages that hold some bytes of a file."""
    return -(-(offset % PAGE + size) // PAGE) * PAGE


def read_together(tensors: Sequence[StoredTensor], memory: torch.Tensor) -> list[torch.Tensor]:
    """Read tensors into page-aligned memory, neighbours at once; return views of it.

    Raises:
        CheckpointError: a file is cut short or cannot be read.
    """
    views: dict[StoredTensor, torch.Tensor] = {}
    start = 0
    for run in _runs(tensors):
        first, last = run[0], run[-1]
        size = last.offset + last.size - first.offset
        content = first.file.read_pages(first.offset, size, memory[start:])
        start += pages(first.offset, size)
        for tensor in run:
            begin = tensor.offset - first.offset
            whole = content[begin : begin + tensor.size]
            views[tensor] = whole.view(tensor.dtype).view(tensor.shape)
    return [views[tensor] for tensor in tensors]


def bytes_together(tensors: Sequence[StoredTensor]) -> int:
    """Return the memory that `read_together` needs."""
    return sum(
        pages(run[0].offset, run[-1].offset + run[-1].size - run[0].offset)
        for run in _runs(tensors)
    )


def _runs(tensors: Sequence[StoredTensor]) -> list[list[StoredTensor]]:
    """Put neighbours on disk together."""
    runs: list[list[StoredTensor]] = []
    for tensor in sorted(tensors, key=lambda tensor: (str(tensor.file.path), tensor.offset)):
        last = runs[-1][-1] if runs else None
        if last and last.file is tensor.file and last.offset + last.size == tensor.offset:
            runs[-1].append(tensor)
        else:
            runs.append([tensor])
    return runs


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
