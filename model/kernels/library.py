"""Kernels of any package: compiled on this machine, then known to torch as `torch.ops.<name>`."""

import threading
from pathlib import Path

import torch

from model.errors import KernelsUnavailable
from model.kernels.build import KernelSource, built_library

__all__ = ["KernelSource", "KernelsUnavailable", "load_library"]

_loaded: set[KernelSource] = set()
_lock = threading.Lock()


def load_library(source: KernelSource, folder: Path | None = None) -> None:
    """Let torch know the operators of `source`; compiles them the first time (some seconds).

    `folder` is where compiled kernels are kept, by default the user's cache folder.

    Raises:
        KernelsUnavailable: they cannot be had here; who asks has another way to compute the same.
    """
    with _lock:
        if source in _loaded:
            return
        library = built_library(source, folder)
        try:
            torch.ops.load_library(library)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise KernelsUnavailable(f"{library} cannot be loaded: {error}") from error
        _loaded.add(source)
