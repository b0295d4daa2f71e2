"""Which tensors a GGUF file of a Qwen2 or Qwen2-MoE holds, made of the decoder's parameters.

llama.cpp knows no dense layer in a Qwen2-MoE, so one becomes a shared expert beside routed experts
that add nothing. It knows no head tied to the embedding there either, so that is written twice.

Shapes: see config.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from model.config import DecoderConfig, MoeConfig
from model.gguf.names import ATTENTION, DENSE, ROUTER, SHARED_EXPERT, WHOLE_MODEL

EXPERTS = {
    "ffn_gate_exps": "mlp.experts.gate_EID",
    "ffn_up_exps": "mlp.experts.up_EID",
    "ffn_down_exps": "mlp.experts.down_EDI",
}
_SHARED_GATE = "ffn_gate_inp_shexp"
# llama.cpp computes sigmoid(y) as silu(y) / y, which is no number at 0. So small a weight is as
# good as 0: the gate is one half to the last bit.
_NEARLY_ZERO = 1e-12

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Output:
    """One tensor to write: `factor` times `tensor`."""

    name: str
    tensor: torch.Tensor
    factor: float = 1.0
    packable: bool = True
    """Whether it is large enough, and harmless enough, to be written in fewer bits."""


def gguf_tensors(config: DecoderConfig, weights: Weights) -> Iterator[Output]:
    """Yield a whole model's tensors; views of the weights, so that they take no memory."""
    for part, name in WHOLE_MODEL.items():
        if part == "output" and config.head_tied_to_embedding:
            if config.moe is not None:
                yield Output("output.weight", weights[f"{WHOLE_MODEL['token_embd']}.weight"])
        else:
            yield _output(f"{part}.weight", weights[f"{name}.weight"])
    for layer in range(config.layer_count):
        prefix = f"model.layers.{layer}."
        of_layer = {
            name.removeprefix(prefix): tensor
            for name, tensor in weights.items()
            if name.startswith(prefix)
        }
        for output in _layer(config, config.moe_of(layer), of_layer):
            yield Output(
                f"blk.{layer}.{output.name}", output.tensor, output.factor, output.packable
            )


def _layer(config: DecoderConfig, moe: MoeConfig | None, weights: Weights) -> Iterator[Output]:
    yield from _renamed(ATTENTION, weights)
    if config.moe is None:
        yield from _renamed(DENSE, weights)
    elif moe is None:
        yield from _dense_as_shared(config.hidden_size, config.moe, weights)
    else:
        yield from _experts(weights)


def _experts(weights: Weights) -> Iterator[Output]:
    shared = dict(_named(SHARED_EXPERT, weights))
    gate_D = shared.pop(f"{_SHARED_GATE}.weight").reshape(-1)
    yield _shared_gate(gate_D)
    for name, tensor in shared.items():
        yield _output(name, tensor)
    for name, tensor in _named(ROUTER, weights):
        yield Output(name, tensor, packable=False)
    for part, name in EXPERTS.items():
        yield _output(f"{part}.weight", weights[name])


def _dense_as_shared(hidden: int, moe: MoeConfig, weights: Weights) -> Iterator[Output]:
    """The gate halves the shared expert, so its output projection is doubled: exact in binary."""
    for part, name in DENSE.items():
        factor = 2.0 if part == "ffn_down" else 1.0
        yield Output(f"{part}_shexp.weight", weights[f"{name}.weight"], factor)
    yield _shared_gate(torch.zeros(hidden))
    inner_EID = torch.zeros(()).expand(moe.experts, moe.expert_width, hidden)
    yield Output("ffn_gate_inp.weight", torch.zeros(moe.experts, hidden), packable=False)
    yield Output("ffn_gate_exps.weight", inner_EID)
    yield Output("ffn_up_exps.weight", inner_EID)
    yield Output("ffn_down_exps.weight", inner_EID.mT)


def _shared_gate(gate_D: torch.Tensor) -> Output:
    if not gate_D.any():
        gate_D = torch.full_like(gate_D, _NEARLY_ZERO, dtype=torch.float32)
    return Output(f"{_SHARED_GATE}.weight", gate_D, packable=False)


def _renamed(names: Mapping[str, str], weights: Weights) -> Iterator[Output]:
    for name, tensor in _named(names, weights):
        yield _output(name, tensor)


def _named(names: Mapping[str, str], weights: Weights) -> Iterator[tuple[str, torch.Tensor]]:
    for part, name in names.items():
        for kind in ("weight", "bias"):
            if f"{name}.{kind}" in weights:
                yield f"{part}.{kind}", weights[f"{name}.{kind}"]


def _output(name: str, tensor: torch.Tensor) -> Output:
    return Output(name, tensor, packable=tensor.dim() > 1)
