"""A BERT encoder in plain torch, for inference only.

Shapes in names: B texts, T tokens (padded), H hidden size, N heads, D size of a head, F size of
the feed-forward layer.
"""
# ruff: noqa: N815 - capitals in names are the tensors' axes

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from retrieval.embedding.e5_file import E5File, Sizes
from retrieval.embedding.quantisation import dequantise


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer: weight (out, in), bias (out)."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """Map the last axis."""
        return functional.linear(x, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class LayerNorm:
    """A layer norm over the last axis: weight (H), bias (H)."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """Centre, scale and shift the last axis."""
        return functional.layer_norm(x, self.bias.shape, self.weight, self.bias, self.epsilon)


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer; the three attention inputs are one product, H -> 3H."""

    attention_in: Linear
    attention_out: Linear
    attention_norm: LayerNorm
    feed_in: Linear
    feed_out: Linear
    feed_norm: LayerNorm
    heads: int

    def __call__(self, x_BTH: Tensor, mask_B11T: Tensor) -> Tensor:
        """Mix the tokens that the mask admits, then transform each by itself."""
        x_BTH = self.attention_norm(x_BTH + self._attend(x_BTH, mask_B11T))
        fed_BTH = self.feed_out(functional.gelu(self.feed_in(x_BTH)))
        return self.feed_norm(x_BTH + fed_BTH)

    def _attend(self, x_BTH: Tensor, mask_B11T: Tensor) -> Tensor:
        texts, tokens, hidden = x_BTH.shape
        inputs_BT3ND = self.attention_in(x_BTH).view(texts, tokens, 3, self.heads, -1)
        query_BNTD, key_BNTD, value_BNTD = inputs_BT3ND.permute(2, 0, 3, 1, 4)
        mixed_BNTD = functional.scaled_dot_product_attention(
            query_BNTD, key_BNTD, value_BNTD, attn_mask=mask_B11T
        )
        return self.attention_out(mixed_BNTD.transpose(1, 2).reshape(texts, tokens, hidden))


@dataclass(frozen=True, slots=True)
class BertEncoder:
    """Token ids in, one mean-pooled vector of length 1 per text out.

    The word table stays in 4-bit blocks (54 MB, not 384 MB) and only the rows in use are unpacked.
    Nothing changes after construction, so threads may share one encoder.
    """

    word_blocks: Tensor
    position_TH: Tensor
    embedding_norm: LayerNorm
    layers: Sequence[Layer]

    @torch.inference_mode()
    def encode(self, ids_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """Encode a padded batch: float32 (B, H), rows of length 1."""
        tokens = ids_BT.shape[1]
        real_BT = torch.arange(tokens) < lengths_B[:, None]
        words_BTH = dequantise(self.word_blocks[ids_BT]).to(self.position_TH.dtype)
        x_BTH = self.embedding_norm(words_BTH + self.position_TH[:tokens])
        for layer in self.layers:
            x_BTH = layer(x_BTH, real_BT[:, None, None, :])
        return _pool(x_BTH, real_BT)


def _pool(x_BTH: Tensor, real_BT: Tensor) -> Tensor:
    sum_BH = (x_BTH.to(torch.float32) * real_BT[:, :, None]).sum(dim=1)
    # The mean and the sum have one direction, and only the direction is kept.
    return functional.normalize(sum_BH, dim=1)


def load_encoder(file: E5File, dtype: torch.dtype) -> BertEncoder:
    """Build the encoder, its layers unpacked to `dtype`."""
    sizes = file.sizes
    positions_TH = file.floats("emb.pos").view(-1, sizes.hidden)
    # Texts are never pairs, so every token is of type 0 and its vector can join the position's.
    position_TH = positions_TH + file.floats("emb.type")[: sizes.hidden]
    return BertEncoder(
        word_blocks=file.blocks("emb.word", sizes.hidden),
        position_TH=position_TH.to(dtype),
        embedding_norm=_norm(file, "emb.ln", sizes, dtype),
        layers=[_layer(file, f"l{number}.", sizes, dtype) for number in range(sizes.layers)],
    )


def _layer(file: E5File, prefix: str, sizes: Sizes, dtype: torch.dtype) -> Layer:
    hidden = sizes.hidden
    return Layer(
        attention_in=_linear(file, [prefix + part for part in "qkv"], hidden, dtype),
        attention_out=_linear(file, [prefix + "ao"], hidden, dtype),
        attention_norm=_norm(file, prefix + "aln", sizes, dtype),
        feed_in=_linear(file, [prefix + "fi"], hidden, dtype),
        feed_out=_linear(file, [prefix + "fo"], sizes.feed_forward, dtype),
        feed_norm=_norm(file, prefix + "oln", sizes, dtype),
        heads=sizes.heads,
    )


def _linear(file: E5File, names: Sequence[str], columns: int, dtype: torch.dtype) -> Linear:
    weights = [dequantise(file.blocks(f"{name}.w", columns)) for name in names]
    biases = [file.floats(f"{name}.b") for name in names]
    return Linear(torch.cat(weights).to(dtype), torch.cat(biases).to(dtype))


def _norm(file: E5File, name: str, sizes: Sizes, dtype: torch.dtype) -> LayerNorm:
    weight, bias = file.floats(f"{name}.w"), file.floats(f"{name}.b")
    return LayerNorm(weight.to(dtype), bias.to(dtype), sizes.norm_epsilon)
