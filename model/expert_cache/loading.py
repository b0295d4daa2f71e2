"""A decoder whose routed experts stay on disk but for a budget."""

import weakref
from pathlib import Path
from typing import cast

from model.checkpoint import Checkpoint
from model.config import MoeConfig
from model.expert_cache.cache import ExpertCache
from model.expert_cache.checkpoint_experts import checkpoint_experts
from model.expert_cache.experts import CachedExperts, foresight
from model.expert_cache.quantised_experts import quantised_experts
from model.moe import MoeFeedForward
from model.progress import Progress, unreported
from model.quantised.decoder_file import open_quantised, quantised_path
from model.quantised.parts import Precision
from model.transformer import Decoder


def open_with_expert_cache(folder: Path, expert_bytes_max: int) -> tuple[Decoder, ExpertCache]:
    """Map a checkpoint folder; its experts are read as they are needed.

    Raises:
        CheckpointError: the checkpoint is damaged or has no experts.
        ExpertMemoryTooSmall: too few experts fit.
    """
    checkpoint = Checkpoint.open(folder, experts=False)
    cache = ExpertCache(checkpoint_experts(folder, checkpoint.config), expert_bytes_max)
    decoder = checkpoint.decoder(lambda empty: use_expert_cache(empty, cache))
    return decoder, cache


def open_quantised_with_expert_cache(
    folder: Path,
    precision: Precision,
    expert_bytes_max: int,
    progress: Progress = unreported,
) -> tuple[Decoder, ExpertCache]:
    """Map a checkpoint folder with rounded weights; its experts are read as they are needed.

    Raises:
        CheckpointError: the checkpoint is damaged or has no experts, or the rounded weights cannot
            be written.
        ExpertMemoryTooSmall: too few experts fit.
    """
    decoder = open_quantised(folder, precision, progress)
    experts = quantised_experts(quantised_path(folder, precision), decoder)
    cache = ExpertCache(experts, expert_bytes_max)
    use_expert_cache(decoder, cache)
    return decoder, cache


def use_expert_cache(decoder: Decoder, cache: ExpertCache) -> None:
    """Put all layers' experts behind a cache, each layer wishing for the next one's.

    The cache is closed with the decoder.
    """
    moe = cast("MoeConfig", decoder.config.moe)
    foresee = None
    for number, layer in reversed(list(enumerate(decoder.layers))):
        if isinstance(layer.mlp, MoeFeedForward):
            layer.mlp.experts = CachedExperts(moe, cache, number, foresee)
            foresee = foresight(cache, number, layer.mlp.gate)
    weakref.finalize(decoder, cache.close)
