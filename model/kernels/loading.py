"""Whether the model's compiled kernels are in use in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from model.kernels.library import KernelSource, load_library

SOURCE = KernelSource(
    "model",
    Path(__file__).with_name("source"),
    frozenset({"f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"}),
)
_DTYPES = (torch.bfloat16, torch.float32)


class _Kernels:
    def __init__(self) -> None:
        self.used = False
        self.has_squares = False


_kernels = _Kernels()


def load_kernels(folder: Path | None = None) -> None:
    """Use the compiled kernels from now on; compiles them the first time.

    Raises:
        KernelsUnavailable: they cannot be had here; everything works without, only slower.
    """
    load_library(SOURCE, folder)
    _kernels.used, _kernels.has_squares = True, torch.ops.sourcebook.has_squares()


def kernels_used(*tensors: torch.Tensor) -> bool:
    """Tell whether the kernels are in use and can take these tensors; they know no gradients."""
    if not _kernels.used or torch.is_grad_enabled():
        return False
    return all(tensor.is_cpu and tensor.dtype in _DTYPES for tensor in tensors)


def squares_used(*tensors: torch.Tensor) -> bool:
    """Tell whether the kernels attend for many tokens of these tensors at once."""
    is_bfloat16 = all(tensor.dtype == torch.bfloat16 for tensor in tensors)
    return _kernels.has_squares and is_bfloat16 and kernels_used(*tensors)


@contextmanager
def without_kernels() -> Iterator[None]:
    """Take the torch paths meanwhile, in all threads."""
    before, _kernels.used = _kernels.used, False
    try:
        yield
    finally:
        _kernels.used = before
