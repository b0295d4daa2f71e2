"""GGUF files, unpacked once into a Hugging Face folder beside them.

Unpacking takes some ten seconds and 2.6 times the file's size on disk, but little memory, for it
goes by a few rows at a time; starting from the unpacked folder takes well under a second, because
its weights are memory-mapped. The folder remembers which file it came from and is made anew when
that changes.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from model.checkpoint import CONFIG, WEIGHTS, Checkpoint
from model.durable_files import exclusive
from model.errors import CheckpointError
from model.gguf.config import read_config
from model.gguf.file import GgufFile
from model.gguf.names import hugging_face_tensors
from model.gguf.packed import unpack
from model.gguf.tokenizer import read_chat_template, read_tokenizer, special_tokens
from model.making import making
from model.progress import Progress, unreported
from model.provenance import came_from, note_sources
from model.safetensors_stream import Stored, stream_safetensors
from model.tokenizer import CHAT_TEMPLATE, TOKENIZER, TOKENIZER_CONFIG


def unpacked_folder(path: Path, dtype: torch.dtype, progress: Progress = unreported) -> Path:
    """Return the Hugging Face folder with this file's content, unpacking it if need be.

    Raises:
        CheckpointError: the file is missing, damaged, incomplete or of an unknown family.
    """
    folder = path.with_name(f"{path.stem}.{str(dtype).removeprefix('torch.')}")
    try:
        with exclusive(folder.with_name(f".{folder.name}.lock")):
            if not came_from(folder, {"base": path}):
                _publish_unpacked(path, folder, dtype, progress)
    except OSError as error:
        raise CheckpointError(path, f"cannot be read or unpacked: {error}") from error
    return folder


def unpack_into(
    folder: Path, path: Path, dtype: torch.dtype, progress: Progress = unreported
) -> None:
    """Write this file's content into an existing, empty folder.

    Raises:
        CheckpointError: the file is missing, damaged, incomplete or of an unknown family.
        OSError: the disk is full or may not be written.
    """
    file = GgufFile.open(path)
    config = read_config(file)
    _write_json(folder / CONFIG, config | {"dtype": str(dtype).removeprefix("torch.")})
    read_tokenizer(file).save(str(folder / TOKENIZER))
    _write_json(folder / TOKENIZER_CONFIG, special_tokens(file))
    (folder / CHAT_TEMPLATE).write_text(read_chat_template(file), encoding="utf-8")
    tensors = hugging_face_tensors(file, config)
    stored = {name: Stored(dtype, tensor.shape) for name, tensor in tensors.items()}
    pieces = (piece for tensor in tensors.values() for piece in unpack(path, tensor, dtype))
    stream_safetensors(folder / WEIGHTS, stored, pieces, progress=progress)
    _check_whole(folder, path)


def _check_whole(folder: Path, path: Path) -> None:
    try:
        Checkpoint.open(folder)
    except CheckpointError as error:
        raise CheckpointError(path, error.reason) from error


def _publish_unpacked(path: Path, folder: Path, dtype: torch.dtype, progress: Progress) -> None:
    with making(folder, f"{path.name} unpacked") as unfinished:
        unfinished.mkdir()
        unpack_into(unfinished, path, dtype, progress)
        note_sources(unfinished, {"base": path})


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2), encoding="utf-8")
