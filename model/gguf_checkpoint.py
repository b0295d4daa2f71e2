"""GGUF files, unpacked once into a Hugging Face folder beside them.

Unpacking takes some ten seconds and 2.6 times the file's size on disk; starting from the unpacked
folder takes well under a second, because its weights are memory-mapped. The folder remembers which
file it came from and is made anew when that file changes.
"""

import json
import shutil
from pathlib import Path

import gguf
import torch

from model.checkpoint import Checkpoint
from model.durable_files import exclusive, publish, sha256_of
from model.errors import CheckpointError
from model.gguf_metadata import read_config
from model.gguf_tokenizer import read_chat_template, read_tokenizer
from model.gguf_weights import read_weights
from model.tokenizer import CHAT_TEMPLATE, TOKENIZER

SOURCE = "source.json"


def unpacked_folder(path: Path, dtype: torch.dtype) -> Path:
    """Return the Hugging Face folder with this file's content, unpacking it if need be.

    Raises:
        CheckpointError: the file is missing, damaged, incomplete or of an unknown family.
    """
    folder = path.with_name(f"{path.stem}.{str(dtype).removeprefix('torch.')}")
    try:
        with exclusive(folder.with_name(f".{folder.name}.lock")):
            if not _came_from(folder, path):
                _unpack(path, folder, dtype)
    except OSError as error:
        raise CheckpointError(path, f"cannot be read or unpacked: {error}") from error
    return folder


def read_gguf(path: Path, dtype: torch.dtype) -> tuple[Checkpoint, gguf.GGUFReader]:
    """Read configuration and weights, and return the reader for the rest.

    Raises:
        CheckpointError: the file is damaged, incomplete or of an unknown family.
    """
    try:
        reader = gguf.GGUFReader(path)
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise CheckpointError(path, f"is damaged or no GGUF file ({error})") from error
    config = read_config(path, reader)
    return Checkpoint(config, read_weights(path, reader, config, dtype)), reader


def _unpack(path: Path, folder: Path, dtype: torch.dtype) -> None:
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # left by a crash; the lock is ours
    unfinished.mkdir()
    checkpoint, reader = read_gguf(path, dtype)
    checkpoint.save(unfinished)
    read_tokenizer(path, reader).save(str(unfinished / TOKENIZER))
    template = read_chat_template(path, reader)
    (unfinished / CHAT_TEMPLATE).write_text(template, encoding="utf-8")
    _write_source(unfinished, _stamp(path), sha256_of(path))
    shutil.rmtree(folder, ignore_errors=True)
    publish(unfinished, folder)


def _came_from(folder: Path, path: Path) -> bool:
    """Tell whether the folder was made from this very file; hashes it only if it was touched."""
    stamp = _stamp(path)
    try:
        source = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    if {**source, **stamp} == source:
        return True
    if source.get("sha256") != sha256_of(path):
        return False
    _write_source(folder, stamp, source["sha256"])  # copied or touched: do not hash it next time
    return True


def _write_source(folder: Path, stamp: dict[str, int], sha256: str) -> None:
    text = json.dumps({**stamp, "sha256": sha256})
    (folder / SOURCE).write_text(text, encoding="utf-8")


def _stamp(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size_bytes": status.st_size, "modified_ns": status.st_mtime_ns}
