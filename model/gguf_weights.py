"""A GGUF file's quantised tensors -> torch tensors under their Hugging Face names."""

from pathlib import Path

import gguf
import torch

from model.checkpoint import Weights, check_shapes
from model.config import DecoderConfig
from model.errors import CheckpointError

_WHOLE_MODEL = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def read_weights(
    path: Path, reader: gguf.GGUFReader, config: DecoderConfig, dtype: torch.dtype
) -> Weights:
    """Dequantise every tensor.

    Raises:
        CheckpointError: one is missing, unknown, or has a wrong shape or an unknown format.
    """
    named = {_hugging_face_name(path, tensor.name): tensor for tensor in reader.tensors}
    # GGUF writes dimensions innermost first, torch outermost first.
    found = {name: tuple(tensor.shape.tolist()[::-1]) for name, tensor in named.items()}
    check_shapes(path, found, config.tensor_shapes())
    return {name: _dequantise(path, tensor, dtype) for name, tensor in named.items()}


def _hugging_face_name(path: Path, name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if stem in _WHOLE_MODEL:
        return f"{_WHOLE_MODEL[stem]}.{kind}"
    match stem.split("."):
        case ["blk", layer, part] if part in _LAYER:
            return f"model.layers.{layer}.{_LAYER[part]}.{kind}"
    raise CheckpointError(path, f"the tensor {name} is not known")


def _dequantise(path: Path, tensor: gguf.ReaderTensor, dtype: torch.dtype) -> torch.Tensor:
    try:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    except NotImplementedError as error:
        format_name = tensor.tensor_type.name
        raise CheckpointError(path, f"the format {format_name} is not known") from error
    weight = torch.tensor(values)  # a copy: the file's own memory is read-only
    if not torch.isfinite(weight).all():
        raise CheckpointError(path, f"the tensor {tensor.name} has values that are no numbers")
    return weight.to(dtype)
