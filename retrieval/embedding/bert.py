"""A BERT encoder for inference only: its weights as one pass over texts needs them."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from retrieval.embedding import encoder_pass
from retrieval.embedding.e5_file import E5File
from retrieval.embedding.quantisation import dequantise

_LINEARS = (("q", "k", "v"), ("ao",), ("fi",), ("fo",))
_NORMS = ("aln", "oln")


@dataclass(frozen=True, slots=True)
class BertEncoder:
    """Token ids in, one mean-pooled vector of length 1 per text out.

    The word table stays in 4-bit blocks (54 MB, not 384 MB) and only the rows in use are unpacked.
    Nothing changes after construction, so threads may share one encoder. `weights` and the rest
    are in the order of `encoder_pass.embed`.
    """

    word_blocks: Tensor
    position_TH: Tensor  # noqa: N815 - capitals are the tensor's axes: positions, hidden size
    heads: int
    epsilon: float
    packed: bool
    weights: list[Tensor]
    biases: list[Tensor]
    norm_weights: list[Tensor]
    norm_biases: list[Tensor]
    run: encoder_pass.Pass

    @torch.inference_mode()
    def encode(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Encode texts, given as token ids: float32 (texts, hidden), rows of length 1."""
        lengths = list(map(len, texts))
        ids = torch.tensor(list(chain.from_iterable(texts)))
        places = torch.tensor(list(chain.from_iterable(map(range, lengths))))
        words = dequantise(self.word_blocks[ids]).to(self.position_TH.dtype)
        return self.run(
            words + self.position_TH[places],
            lengths,
            self.heads,
            self.epsilon,
            self.packed,
            self.weights,
            self.biases,
            self.norm_weights,
            self.norm_biases,
        )


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
        heads=sizes.heads,
        epsilon=sizes.norm_epsilon,
        packed=packed,
        weights=[encoder_pass.pack(weight) for weight in weights] if packed else weights,
        biases=[
            torch.cat([_floats(file, f"{name}.b", dtype) for name in names]) for names in parts
        ],
        norm_weights=[_floats(file, f"{name}.w", dtype) for name in norms],
        norm_biases=[_floats(file, f"{name}.b", dtype) for name in norms],
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


def _weight(file: E5File, names: Sequence[str], dtype: torch.dtype) -> Tensor:
    """Unpack one matrix (out, in), or several with the same inputs as one."""
    sizes = file.sizes
    columns = sizes.feed_forward if names[0].endswith("fo") else sizes.hidden
    parts = [dequantise(file.blocks(f"{name}.w", columns)) for name in names]
    return torch.cat(parts).to(dtype)


def _floats(file: E5File, name: str, dtype: torch.dtype) -> Tensor:
    return file.floats(name).to(dtype)
