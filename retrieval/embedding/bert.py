"""A BERT encoder for inference only: its weights as one pass over texts needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import torch
from torch import Tensor

from retrieval.embedding.e5_file import E5File
from retrieval.embedding.kernels.kernel_layers import kernel_layers
from retrieval.embedding.layers import Layers, LayerWeights
from retrieval.embedding.quantisation import dequantise
from retrieval.embedding.torch_layers import has_fast_bfloat16, torch_layers

_LINEARS = (("q", "k", "v"), ("ao",), ("fi",), ("fo",))
_NORMS = ("aln", "oln")


Precision = Literal["auto", "bfloat16", "float32"]


@dataclass(frozen=True, slots=True)
class BertEncoder:
    """Token ids in; out one vector per text, or the state of every token.

    The word table stays in 4-bit blocks (54 MB, not 384 MB) and only the rows in use are unpacked.
    Nothing changes after construction, so threads may share one encoder.
    """

    word_blocks: Tensor
    position_TH: Tensor  # noqa: N815 - capitals are the tensor's axes: positions, hidden size
    layers: Layers

    @torch.inference_mode()
    def vectors(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return a vector of length 1 for each text, given as token ids: (texts, H) float32."""
        return self.layers.vectors(*self._rows(texts))

    @torch.inference_mode()
    def states(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Return what the last layer says of each token: (tokens of all texts, H)."""
        return self.layers.states(*self._rows(texts))

    def _rows(self, texts: Sequence[Sequence[int]]) -> tuple[Tensor, list[int]]:
        lengths = list(map(len, texts))
        ids = torch.tensor(list(chain.from_iterable(texts)))
        places = torch.tensor(list(chain.from_iterable(map(range, lengths))))
        words = dequantise(self.word_blocks[ids]).to(self.position_TH.dtype)
        return words + self.position_TH[places], lengths


def load_encoder(file: E5File, dtype: torch.dtype, *, kernels: bool) -> BertEncoder:
    """Build the encoder, its layers unpacked to `dtype`; `kernels` may be compiled for it."""
    sizes = file.sizes
    positions_TH = file.floats("emb.pos").view(-1, sizes.hidden)
    # Texts are never pairs, so every token is of type 0 and its vector can join the position's.
    positions_TH = positions_TH + file.floats("emb.type")[: sizes.hidden]
    layers = fastest_layers(layer_weights(file, dtype), kernels=kernels)
    return BertEncoder(
        word_blocks=file.blocks("emb.word", sizes.hidden),
        position_TH=positions_TH.to(layers.dtype),
        layers=layers,
    )


def layer_weights(file: E5File, dtype: torch.dtype) -> LayerWeights:
    """Unpack the weights of all layers."""
    sizes = file.sizes
    layers = [f"l{number}." for number in range(sizes.layers)]
    parts = [[layer + part for part in names] for layer in layers for names in _LINEARS]
    norms = ["emb.ln", *(layer + norm for layer in layers for norm in _NORMS)]
    return LayerWeights(
        heads=sizes.heads,
        epsilon=sizes.norm_epsilon,
        weights=[_weight(file, names, dtype) for names in parts],
        biases=[
            torch.cat([_floats(file, f"{name}.b", dtype) for name in names]) for names in parts
        ],
        norm_weights=[_floats(file, f"{name}.w", dtype) for name in norms],
        norm_biases=[_floats(file, f"{name}.b", dtype) for name in norms],
    )


def fastest_layers(weights: LayerWeights, *, kernels: bool) -> Layers:
    """Lay the weights out for the fastest pass that this machine has; `kernels` may be compiled."""
    return (kernel_layers(weights) if kernels else None) or torch_layers(weights)


def dtype_of(precision: Precision) -> torch.dtype:
    """Return the arithmetic that a setting means on this processor."""
    if precision == "auto":
        return torch.bfloat16 if has_fast_bfloat16() else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def _weight(file: E5File, names: Sequence[str], dtype: torch.dtype) -> Tensor:
    """Unpack one matrix (out, in), or several with the same inputs as one."""
    sizes = file.sizes
    columns = sizes.feed_forward if names[0].endswith("fo") else sizes.hidden
    parts = [dequantise(file.blocks(f"{name}.w", columns)) for name in names]
    return torch.cat(parts).to(dtype)


def _floats(file: E5File, name: str, dtype: torch.dtype) -> Tensor:
    return file.floats(name).to(dtype)
