"""An encoder's layers in torch, which runs everywhere."""

import platform
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from retrieval.embedding import encoder_pass
from retrieval.embedding.layers import LayerWeights

_compiled = cache(encoder_pass.compiled)


@dataclass(frozen=True, slots=True)
class TorchLayers:
    """Weights as torch's own kernels want them; `packed` are laid out for oneDNN."""

    own: LayerWeights
    packed: bool

    @property
    def dtype(self) -> torch.dtype:
        """The arithmetic."""
        return self.own.biases[0].dtype

    def states(self, rows: Tensor, lengths: list[int]) -> Tensor:
        """Return what the last layer says of each row: (R, H)."""
        return self._run(_compiled(encoder_pass.token_states), rows, lengths)

    def vectors(self, rows: Tensor, lengths: list[int]) -> Tensor:
        """Return a vector of length 1 for each text: (texts, H) float32."""
        return self._run(_compiled(encoder_pass.embed), rows, lengths)

    def _run(self, run: encoder_pass.Pass, rows: Tensor, lengths: list[int]) -> Tensor:
        own = self.own
        return run(
            rows,
            lengths,
            own.heads,
            own.epsilon,
            self.packed,
            own.weights,
            own.biases,
            own.norm_weights,
            own.norm_biases,
        )


def torch_layers(weights: LayerWeights) -> TorchLayers:
    """Lay the weights out for oneDNN where its kernels know their type."""
    if not _can_pack(weights.biases[0].dtype):
        return TorchLayers(weights, packed=False)
    packed = [encoder_pass.pack(weight) for weight in weights.weights]
    return TorchLayers(replace(weights, weights=packed), packed=True)


def has_fast_bfloat16() -> bool:
    """Say whether this processor multiplies bfloat16 in hardware; others emulate it, slowly."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def _can_pack(dtype: torch.dtype) -> bool:
    has_kernels = torch._C._has_mkldnn and platform.machine() in {"x86_64", "AMD64"}
    return has_kernels and (dtype is torch.float32 or has_fast_bfloat16())
