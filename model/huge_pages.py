"""Weights that each token reads, in memory of huge pages.

A processor looks up where memory lies for each page, which of a mapped file has 4 KiB: that takes
so long that with pages of 2 MiB weights are read a third faster. Few file systems map files so.
Therefore these weights are read into memory of our own, which is no second copy but for the
kernel's cache of the file, and that gives way when memory is needed.
"""

import mmap
from collections.abc import Sequence
from pathlib import Path

import torch

from model.checkpoint import Weights
from model.expert_cache.stored_tensors import StoredTensor, stored_tensors

_SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_ALIGNMENT = 64
"""Of each tensor, a cache line."""


def huge_pages_allowed() -> bool:
    """Tell whether this system gives huge pages to those who ask."""
    try:
        return "[never]" not in _SETTING.read_text(encoding="ascii")
    except OSError:
        return False


def read_into_huge_pages(path: Path, names: Sequence[str]) -> Weights:
    """Read some tensors of a safetensors file, if huge pages can be had; else none.

    Raises:
        CheckpointError: the file is damaged or cut short.
    """
    if not names or not huge_pages_allowed():
        return {}
    stored = stored_tensors(path)
    wanted = {name: stored[name] for name in names}
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS  # shared memory has a setting of its own
    memory = mmap.mmap(-1, sum(map(_room, wanted.values())), flags=private)
    memory.madvise(mmap.MADV_HUGEPAGE)
    tensors, start = {}, 0
    for name, tensor in wanted.items():
        tensors[name] = _read(tensor, memory, start)
        start += _room(tensor)
    return tensors


def _room(tensor: StoredTensor) -> int:
    return -(-tensor.size // _ALIGNMENT) * _ALIGNMENT


def _read(tensor: StoredTensor, memory: mmap.mmap, start: int) -> torch.Tensor:
    content = torch.frombuffer(memory, dtype=torch.uint8, count=tensor.size, offset=start)
    tensor.file.read(tensor.offset, content.numpy().data)
    return content.view(tensor.dtype).view(tensor.shape)
