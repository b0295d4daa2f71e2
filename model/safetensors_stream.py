"""Writing a safetensors file piece by piece, so that no whole tensor need be in memory.

The format: https://github.com/huggingface/safetensors#format. The library itself can only write
tensors that are all in memory.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch

Shape = tuple[int, ...]
_NAMES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
_ALIGNMENT = 8


def stream_safetensors(
    path: Path, shapes: Mapping[str, Shape], dtype: torch.dtype, pieces: Iterable[torch.Tensor]
) -> None:
    """Write tensors of one type, given as flat pieces in the order of `shapes`.

    Raises:
        OSError: the disk is full or may not be written.
    """
    with path.open("wb") as file:
        header = _header(shapes, dtype)
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for piece in pieces:
            file.write(piece.to(dtype).view(torch.uint8).numpy().data)


def _header(shapes: Mapping[str, Shape], dtype: torch.dtype) -> bytes:
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + torch.Size(shape).numel() * dtype.itemsize
        entries[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    return text.ljust(-(-len(text) // _ALIGNMENT) * _ALIGNMENT)
