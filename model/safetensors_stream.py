"""Writing a safetensors file piece by piece, so that no whole tensor need be in memory.

The format: https://github.com/huggingface/safetensors#format. The library itself can only write
tensors that are all in memory, and aligns them to 8 bytes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from model.progress import Progress, unreported

Shape = tuple[int, ...]
_NAMES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.uint8: "U8",
}
_ALIGNMENT = 64
"""Of the first tensor, a cache line; the others follow without gaps."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is to be written of one tensor."""

    dtype: torch.dtype
    shape: Shape

    @property
    def size_bytes(self) -> int:
        """What it takes of the file."""
        return torch.Size(self.shape).numel() * self.dtype.itemsize


def stream_safetensors(
    path: Path,
    tensors: Mapping[str, Stored],
    pieces: Iterable[torch.Tensor],
    about: Mapping[str, str] | None = None,
    progress: Progress = unreported,
) -> None:
    """Write tensors, given as contiguous pieces of their types in the order of `tensors`.

    `about` joins the file's metadata.

    Raises:
        OSError: the disk is full or may not be written.
    """
    with path.open("wb") as file:
        header = _header(tensors, about or {})
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        done, total = 0, sum(tensor.size_bytes for tensor in tensors.values())
        progress(done, total)
        for piece in pieces:
            done += file.write(piece.reshape(-1).view(torch.uint8).numpy().data)
            progress(done, total)


def _header(tensors: Mapping[str, Stored], about: Mapping[str, str]) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt", **about}}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.size_bytes
        offsets = [start, end]
        entries[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": tensor.shape,
            "data_offsets": offsets,
        }
    text = json.dumps(entries).encode()
    return text.ljust(-(-(len(text) + 8) // _ALIGNMENT) * _ALIGNMENT - 8)
