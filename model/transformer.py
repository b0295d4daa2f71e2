"""The decoder: token numbers in, the next tokens' logits out.

Module names are those of Hugging Face without their leading "model.", so that checkpoints load as
they are. Layers may be called one by one, with gradients. Shapes: see config.py.
"""

from collections.abc import Sequence

import torch
from torch import nn

from model.attention import Attention
from model.cache import Cache
from model.checkpoint import Checkpoint
from model.config import DecoderConfig
from model.feed_forward import FeedForward
from model.kv_cache import KeyValueCache
from model.projection import Projection
from model.rope import Rotation, rotation
from model.step import Span, Step, positions


class DecoderLayer(nn.Module):
    """Attention, then feed-forward, each on the normalised sum so far."""

    def __init__(self, config: DecoderConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, config.norm_epsilon)
        self.self_attn = Attention(config, layer)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, config.norm_epsilon)
        self.mlp = FeedForward(config.hidden_size, config.feed_forward_size)

    def forward(
        self, x_TD: torch.Tensor, spans: Sequence[Span], by: Rotation, cache: Cache
    ) -> torch.Tensor:
        """Add what this layer has to say."""
        x_TD = x_TD + self.self_attn(self.input_layernorm(x_TD), spans, by, cache)
        y_TD: torch.Tensor = x_TD + self.mlp(self.post_attention_layernorm(x_TD))
        return y_TD


class Decoder(nn.Module):
    """A dense Qwen2 language model for inference."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocabulary_size, config.hidden_size)
        self.layers = nn.ModuleList(
            DecoderLayer(config, layer) for layer in range(config.layer_count)
        )
        self.norm = nn.RMSNorm(config.hidden_size, config.norm_epsilon)
        self.lm_head = Projection(config.hidden_size, config.vocabulary_size, bias=False)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> "Decoder":
        """Take over a checkpoint's weights without copying them, so they stay memory-mapped."""
        weights = {
            name.removeprefix("model."): tensor for name, tensor in checkpoint.weights.items()
        }
        if checkpoint.config.head_tied_to_embedding:
            weights["lm_head.weight"] = weights["embed_tokens.weight"]
        with torch.device("meta"):
            decoder = cls(checkpoint.config)
        decoder.load_state_dict(weights, assign=True)
        return decoder.eval().requires_grad_(requires_grad=False)

    @property
    def dtype(self) -> torch.dtype:
        """Number format of weights, activations and cache."""
        return self.norm.weight.dtype

    def new_cache(self, capacity: int, sequences: int = 1) -> KeyValueCache:
        """Make room for sequences 0, 1, ... of at most `capacity` tokens each."""
        return KeyValueCache(self.config, capacity, self.dtype, sequences)

    def rotation(self, spans: Sequence[Span]) -> Rotation:
        """Return the rotation of each of the spans' tokens."""
        return rotation(self.config, positions(spans), self.dtype)

    @torch.inference_mode()
    def forward(self, step: Step, cache: Cache) -> torch.Tensor:
        """Read a step's tokens into the cache; return float32 logits RV of the rows wanted."""
        x_TD = self.embed_tokens(step.tokens_T)
        by = self.rotation(step.spans)
        for layer in self.layers:
            x_TD = layer(x_TD, step.spans, by, cache)
        logits_RV: torch.Tensor = self.lm_head(self.norm(x_TD[step.rows_R]))
        return logits_RV.float()
