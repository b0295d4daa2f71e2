"""A decoder in the precision that is set, with the compiled kernels where they can be had."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from model.checkpoint import Checkpoint
from model.errors import KernelsUnavailable
from model.expert_cache.cache import ExpertCache
from model.expert_cache.loading import (
    open_quantised_with_expert_cache,
    open_with_expert_cache,
)
from model.kernels.loading import load_kernels
from model.prepared import prepared_folder, shipped_experts
from model.progress import Progress, unreported
from model.quantised.decoder_file import open_quantised
from model.settings import ModelSettings
from model.transformer import Decoder
from model.tuning.tuned_file import read_recipe

_Precision = Literal["int4", "int8", "bfloat16", "float32"]


@dataclass(frozen=True, slots=True)
class LoadedDecoder:
    """A decoder, and how it came to be what it is."""

    decoder: Decoder
    folder: Path
    """The Hugging Face folder, with the tokenizer."""
    precision: str
    """What "auto" was taken for."""
    refusal_bias: float
    """Added to the logit of the refusal's first token where an answer begins; tuned experts are
    calibrated so."""
    why_no_kernels: str | None
    """Why the compiled kernels are not in use though they were wanted; worth a line in the log."""
    expert_cache: ExpertCache | None
    """Where the experts are, if not all of them fit."""


def load_decoder(
    path: Path, settings: ModelSettings, progress: Progress = unreported
) -> LoadedDecoder:
    """Load a GGUF file or a Hugging Face folder; what takes long is done the first time only.

    Only this first time is there progress to report.

    Raises:
        CheckpointError: it cannot be used, or what is made of it cannot be written beside it.
        ExpertMemoryTooSmall: `expert_memory_bytes_max` does not hold enough of its experts.
    """
    why_no_kernels = _load_kernels() if settings.kernels == "auto" else None
    has_kernels = settings.kernels == "auto" and why_no_kernels is None
    precision = settings.precision
    if precision == "auto":
        precision = "int8" if has_kernels else "bfloat16"
    dtype = torch.float32 if precision == "float32" else torch.bfloat16
    tuned = shipped_experts(path) if settings.tuned and not path.is_dir() else None
    folder = path if path.is_dir() else prepared_folder(path, tuned, dtype, progress)
    refusal_bias = read_recipe(tuned).refusal_bias if tuned else 0.0
    decoder, cache = _open(folder, precision, settings.expert_memory_bytes_max, progress)
    return LoadedDecoder(decoder, folder, precision, refusal_bias, why_no_kernels, cache)


def _open(
    folder: Path, precision: _Precision, expert_bytes_max: int | None, progress: Progress
) -> tuple[Decoder, ExpertCache | None]:
    if precision == "int4" or precision == "int8":  # noqa: PLR1714 - mypy narrows by these only
        if expert_bytes_max is None:
            return open_quantised(folder, precision, progress), None
        return open_quantised_with_expert_cache(folder, precision, expert_bytes_max, progress)
    if expert_bytes_max is None:
        return Checkpoint.open(folder).decoder(), None
    return open_with_expert_cache(folder, expert_bytes_max)


def _load_kernels() -> str | None:
    try:
        load_kernels()
    except KernelsUnavailable as error:
        return str(error)
    return None
