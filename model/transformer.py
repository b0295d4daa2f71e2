"""The decoder: token numbers in, the next tokens' logits out.

Where all families share a name on disk, modules have it, without the leading "model."; for the
others see `model.families`. Layers may be called one by one, with gradients. Shapes: see config.py.
"""

from collections.abc import Sequence

import torch
from torch import nn

from model.attention import Attention
from model.cache import Cache
from model.config import DecoderConfig, Shape
from model.feed_forward import FeedForward
from model.kv_cache import KeyValueCache
from model.latent_attention import LatentAttention
from model.moe import MoeFeedForward
from model.norm import RmsNorm
from model.projection import Projection
from model.rope import Rotation, rotation
from model.step import Span, Step, positions

HEAD = "lm_head.weight"


class DecoderLayer(nn.Module):
    """Attention, then feed-forward, each on the normalised sum so far."""

    def __init__(self, config: DecoderConfig, layer: int) -> None:
        super().__init__()
        self._residual_scale = config.residual_scale
        self.input_layernorm = RmsNorm(config.hidden_size, config.norm_epsilon)
        self.self_attn = _attention(config, layer)
        self.post_attention_layernorm = RmsNorm(config.hidden_size, config.norm_epsilon)
        self.mlp = _feed_forward(config, layer)

    def forward(
        self, x_TD: torch.Tensor, spans: Sequence[Span], by: Rotation, cache: Cache
    ) -> torch.Tensor:
        """Add what this layer has to say."""
        seen_TD = self.self_attn(self.input_layernorm(x_TD), spans, by, cache)
        x_TD = torch.add(x_TD, seen_TD, alpha=self._residual_scale)
        thought_TD = self.mlp(self.post_attention_layernorm(x_TD))
        return torch.add(x_TD, thought_TD, alpha=self._residual_scale)


class _Embedding(nn.Embedding):
    """Without random numbers on the meta device, as `Projection`."""

    def reset_parameters(self) -> None:
        if not self.weight.is_meta:
            super().reset_parameters()


class Decoder(nn.Module):
    """A language model of any known family."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = _Embedding(config.vocabulary_size, config.hidden_size)
        self.layers = nn.ModuleList(
            DecoderLayer(config, layer) for layer in range(config.layer_count)
        )
        self.norm = RmsNorm(config.hidden_size, config.norm_epsilon)
        self.lm_head = Projection(config.hidden_size, config.vocabulary_size, bias=False)

    @property
    def dtype(self) -> torch.dtype:
        """Number format of weights, activations and cache."""
        return self.norm.weight.dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.norm.weight.device

    def new_cache(self, capacity: int, sequences: int = 1) -> KeyValueCache:
        """Make room for sequences 0, 1, ... of at most `capacity` tokens each."""
        return KeyValueCache(self.config, capacity, self.dtype, sequences, self.device)

    def embed(self, tokens_T: torch.Tensor) -> torch.Tensor:
        """Return what the first layer reads, TD."""
        x_TD: torch.Tensor = self.embed_tokens(tokens_T.to(self.device))
        return x_TD if self.config.embedding_scale == 1 else x_TD * self.config.embedding_scale

    def rotation(self, spans: Sequence[Span]) -> Rotation:
        """Return the rotation of each of the spans' tokens."""
        config = self.config
        cos_T1F, sin_T1F = rotation(
            config.rope, config.context_tokens_max, positions(spans), self.dtype
        )
        return cos_T1F.to(self.device), sin_T1F.to(self.device)

    def logits(self, x_RD: torch.Tensor) -> torch.Tensor:
        """Return float32 logits RV of what the last layer wrote."""
        logits_RV: torch.Tensor = self.lm_head(self.norm(x_RD)).float()
        return logits_RV if self.config.logit_scale == 1 else logits_RV * self.config.logit_scale

    @torch.inference_mode()
    def forward(self, step: Step, cache: Cache) -> torch.Tensor:
        """Read a step's tokens into the cache; return float32 logits RV of the rows wanted."""
        x_TD = self.embed(step.tokens_T)
        by = self.rotation(step.spans)
        for layer in self.layers:
            x_TD = layer(x_TD, step.spans, by, cache)
        return self.logits(x_TD[step.rows_R.to(self.device)])


def parameter_shapes(config: DecoderConfig) -> dict[str, Shape]:
    """Name every tensor of a whole checkpoint, as `Checkpoint.weights` does, with its shape."""
    with torch.device("meta"):
        tensors = Decoder(config).state_dict()
    if config.head_tied_to_embedding:
        del tensors[HEAD]
    return {
        name if name == HEAD else f"model.{name}": tuple(tensor.shape)
        for name, tensor in tensors.items()
    }


def _attention(config: DecoderConfig, layer: int) -> nn.Module:
    if config.latent:
        return LatentAttention(config, config.latent, layer)
    return Attention(config, layer)


def _feed_forward(config: DecoderConfig, layer: int) -> nn.Module:
    if moe := config.moe_of(layer):
        return MoeFeedForward(config.hidden_size, moe)
    return FeedForward(config.hidden_size, config.feed_forward_size, bias=config.feed_forward_bias)
