"""The decoder: token numbers in, the next token's logits out.

Module names are those of Hugging Face without their leading "model.", so that checkpoints load as
they are. Shapes: see config.py.
"""

import torch
from torch import nn

from model.attention import Attention
from model.checkpoint import Checkpoint
from model.config import DecoderConfig
from model.feed_forward import FeedForward
from model.kv_cache import KeyValueCache
from model.projection import Projection
from model.rope import Rotation, rotation


class DecoderLayer(nn.Module):
    """Attention, then feed-forward, each on the normalised sum so far."""

    def __init__(self, config: DecoderConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, config.norm_epsilon)
        self.self_attn = Attention(config, layer)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, config.norm_epsilon)
        self.mlp = FeedForward(config)

    def forward(self, x_BTD: torch.Tensor, by: Rotation, cache: KeyValueCache) -> torch.Tensor:
        """Add what this layer has to say."""
        x_BTD = x_BTD + self.self_attn(self.input_layernorm(x_BTD), by, cache)
        y_BTD: torch.Tensor = x_BTD + self.mlp(self.post_attention_layernorm(x_BTD))
        return y_BTD


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

    def new_cache(self, capacity: int) -> KeyValueCache:
        """Make room for a sequence of at most `capacity` tokens."""
        return KeyValueCache(self.config, capacity, self.dtype)

    @torch.inference_mode()
    def forward(self, tokens_BT: torch.Tensor, cache: KeyValueCache) -> torch.Tensor:
        """Read the next tokens of the cached sequence; return float32 logits BV of the last."""
        count = tokens_BT.shape[1]
        x_BTD = self.embed_tokens(tokens_BT)
        by = rotation(self.config, cache.length, count, self.dtype)
        for layer in self.layers:
            x_BTD = layer(x_BTD, by, cache)
        cache.advance(count)
        logits_BV: torch.Tensor = self.lm_head(self.norm(x_BTD[:, -1:]))[:, 0]
        return logits_BV.float()
