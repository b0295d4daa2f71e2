"""A BERT encoder for inference only: its weights as one pass over texts needs them."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import torch
from torch import Tensor

from retrieval.embedding import encoder_pass
from retrieval.embedding.e5_file import E5File
from retrieval.embedding.quantisation import dequantise

_LINEARS = (("q", "k", "v"), ("ao",), ("fi",), ("fo",))
_NORMS = ("aln", "oln")


Precision = Literal["auto", "bfloat16", "float32"]


@dataclass(frozen=True, slots=True)
class Layers:
    """An encoder's layers, their weights in the order of `encoder_pass.token_states`."""

    heads: int
    epsilon: float
    packed: bool
    weights: list[Tensor]
    biases: list[Tensor]
    norm_weights: list[Tensor]
    norm_biases: list[Tensor]

    def apply(self, run: encoder_pass.Pass, rows: Tensor, lengths: list[int]) -> Tensor:
        """Send the rows of texts that lie end to end through a pass."""
        return run(
            rows,
            lengths,
            self.heads,
            self.epsilon,
            self.packed,
            self.weights,
            self.biases,
            self.norm_weights,
            self.norm_biases,
        )


@dataclass(frozen=True, slots=True)
class BertEncoder:
    """Token ids in; out what `run` makes of them, such as one vector per text.

    The word table stays in 4-bit blocks (54 MB, not 384 MB) and only the rows in use are unpacked.
    Nothing changes after construction, so threads may share one encoder.
    """

    word_blocks: Tensor
    position_TH: Tensor  # noqa: N815 - capitals are the tensor's axes: positions, hidden size
    layers: Layers
    run: encoder_pass.Pass

    @torch.inference_mode()
    def encode(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Encode texts, given as token ids."""
        lengths = list(map(len, texts))
        ids = torch.tensor(list(chain.from_iterable(texts)))
        places = torch.tensor(list(chain.from_iterable(map(range, lengths))))
        words = dequantise(self.word_blocks[ids]).to(self.position_TH.dtype)
        return self.layers.apply(self.run, words + self.position_TH[places], lengths)


def load_encoder(
    file: E5File, dtype: torch.dtype, run: encoder_pass.Pass, *, packed: bool
) -> BertEncoder:
    """Build the encoder, its layers unpacked to `dtype`; `packed` lays them out for oneDNN."""
    sizes = file.sizes
    positions_TH = file.floats("emb.pos").view(-1, sizes.hidden)
    # Texts are never pairs, so every token is of type 0 and its vector can join the position's.
    positions_TH = positions_TH + file.floats("emb.type")[: sizes.hidden]
    layers = [f"l{number}." for number in range(sizes.layers)]
    parts = [[layer + part for part in names] for layer in layers for names in _LINEARS]
    norms = ["emb.ln", *(layer + norm for layer in layers for norm in _NORMS)]
    weights = [_weight(file, names, dtype) for names in parts]
    return BertEncoder(
        word_blocks=file.blocks("emb.word", sizes.hidden),
        position_TH=positions_TH.to(dtype),
        layers=Layers(
            heads=sizes.heads,
            epsilon=sizes.norm_epsilon,
            packed=packed,
            weights=[encoder_pass.pack(weight) for weight in weights] if packed else weights,
            biases=[
                torch.cat([_floats(file, f"{name}.b", dtype) for name in names]) for names in parts
            ],
            norm_weights=[_floats(file, f"{name}.w", dtype) for name in norms],
            norm_biases=[_floats(file, f"{name}.b", dtype) for name in norms],
        ),
        run=run,
    )


def can_pack(dtype: torch.dtype) -> bool:
    """Whether oneDNN's own layout of weights can be used: its kernels must know `dtype`."""
    has_kernels = torch._C._has_mkldnn and platform.machine() in {"x86_64", "AMD64"}
    return has_kernels and (dtype is torch.float32 or has_fast_bfloat16())


def has_fast_bfloat16() -> bool:
    """Say whether this processor multiplies bfloat16 in hardware; others emulate it, slowly."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))


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
