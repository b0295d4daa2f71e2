"""The folder that is served: a GGUF file unpacked and, where it has some, its tuned experts put in.

It lies beside the GGUF file, is made once, and made anew when either source changes. Where there
are tuned experts, the dense model alone is not kept.
"""

import shutil
from pathlib import Path

import torch

from model.checkpoint import CONFIG, WEIGHTS, Checkpoint
from model.durable_files import exclusive, sha256_of
from model.errors import CheckpointError
from model.gguf.unpack import unpack_into, unpacked_folder
from model.known_models import KNOWN_MODELS
from model.making import making
from model.progress import Progress, unreported
from model.provenance import came_from, note_sources
from model.tuning.recipe import Recipe
from model.tuning.tuned_file import FILE, TunedWeights, read_passes
from model.tuning.upcycle import upcycle

_SHIPPED = Path(__file__).with_name("tuned")


def shipped_experts(gguf: Path) -> Path | None:
    """Return the tuned experts that come with a known model's file, if it has some."""
    for known in KNOWN_MODELS:
        path = _SHIPPED / known.name / FILE
        if known.file_name == gguf.name and path.is_file():
            return path
    return None


def shipped_passes(gguf: Path) -> tuple[Recipe, ...]:
    """Return what the experts that come with a file were tuned by, or else the default recipe.

    Raises:
        CheckpointError: the tuned file is damaged.
    """
    path = shipped_experts(gguf)
    return (Recipe(),) if path is None else read_passes(path)


def prepared_folder(
    gguf: Path, tuned: Path | None, dtype: torch.dtype, progress: Progress = unreported
) -> Path:
    """Return the checkpoint folder to open, making it if need be: some ten seconds.

    Raises:
        CheckpointError: a file is missing or damaged, or the tuned experts are for another model.
    """
    if tuned is None:
        return unpacked_folder(gguf, dtype, progress)
    format_name = str(dtype).removeprefix("torch.")
    folder = gguf.with_name(f"{gguf.stem}.tuned.{format_name}")
    sources = {"base": gguf, "tuned": tuned}
    try:
        with exclusive(folder.with_name(f".{folder.name}.lock")):
            if not came_from(folder, sources):
                _publish(folder, gguf, tuned, dtype, progress)
    except OSError as error:
        raise CheckpointError(gguf, f"cannot be read or unpacked: {error}") from error
    return folder


def _publish(folder: Path, gguf: Path, tuned: Path, dtype: torch.dtype, progress: Progress) -> None:
    weights = TunedWeights.open(tuned)
    if (found := sha256_of(gguf)) != weights.base_sha256:
        wanted = weights.base_sha256
        reason = f"was tuned on a file with SHA-256 {wanted}; {gguf.name} has {found}"
        raise CheckpointError(tuned, reason)
    dense = folder.with_name(f".{folder.name}.dense")
    shutil.rmtree(dense, ignore_errors=True)  # left by a crash; the lock is ours
    with making(folder, f"{gguf.name} unpacked, with its tuned experts") as unfinished:
        unfinished.mkdir()
        dense.mkdir()
        try:
            unpack_into(dense, gguf, dtype, progress)
            upcycle(Checkpoint.open(dense), weights, tuned, progress).save(unfinished)
            for other in dense.iterdir():
                if other.name not in {CONFIG, WEIGHTS}:
                    other.rename(unfinished / other.name)
        finally:
            shutil.rmtree(dense)
        note_sources(unfinished, {"base": gguf, "tuned": tuned})
