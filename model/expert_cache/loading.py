"""A decoder whose routed experts stay on disk but for a budget."""

from pathlib import Path
from typing import cast

from model.checkpoint import Checkpoint
from model.config import MoeConfig
from model.expert_cache.cache import ExpertCache
from model.expert_cache.checkpoint_experts import checkpoint_experts
from model.expert_cache.experts import CachedExperts, foresight
from model.moe import MoeFeedForward
from model.transformer import Decoder


def open_with_expert_cache(folder: Path, expert_bytes_max: int) -> tuple[Decoder, ExpertCache]:
    """Map a checkpoint folder; its experts are read as they are needed.

    Close the cache once the decoder is no longer used.

    Raises:
        CheckpointError: the checkpoint is damaged or has no experts.
        ExpertMemoryTooSmall: too few experts fit.
    """
    checkpoint = Checkpoint.open(folder, experts=False)
    cache = ExpertCache(checkpoint_experts(folder, checkpoint.config), expert_bytes_max)
    decoder = Decoder.from_checkpoint(checkpoint, lambda empty: use_expert_cache(empty, cache))
    return decoder, cache


def use_expert_cache(decoder: Decoder, cache: ExpertCache) -> None:
    """Put all layers' experts behind a cache, each layer wishing for the next one's."""
    moe = cast("MoeConfig", decoder.config.moe)
    foresee = None
    for layer, feed_forward in reversed(list(enumerate(_feed_forwards(decoder)))):
        if isinstance(feed_forward, MoeFeedForward):
            feed_forward.experts = CachedExperts(moe, cache, layer, foresee)
            foresee = foresight(cache, layer, feed_forward.gate)


def _feed_forwards(decoder: Decoder) -> list[object]:
    return [layer.mlp for layer in decoder.layers]
