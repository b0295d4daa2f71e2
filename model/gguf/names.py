"""Which tensors of a GGUF file make up which tensor of a Hugging Face folder.

The tables say for each architecture of llama.cpp what `transformers` calls the same thing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import CheckpointError
from model.gguf.file import GgufFile, GgufTensor
from model.gguf.packed import PackedRows, PackedTensor
from model.gguf.rope import FACTORS

WHOLE_MODEL = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
ATTENTION = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
}
DENSE = {
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
ROUTER = {"ffn_gate_inp": "mlp.gate"}
SHARED_EXPERT = {
    "ffn_gate_inp_shexp": "mlp.shared_expert_gate",
    "ffn_gate_shexp": "mlp.shared_expert.gate_proj",
    "ffn_up_shexp": "mlp.shared_expert.up_proj",
    "ffn_down_shexp": "mlp.shared_expert.down_proj",
}
QWEN_EXPERTS = {
    "ffn_gate_exps": "mlp.experts.{}.gate_proj",
    "ffn_up_exps": "mlp.experts.{}.up_proj",
    "ffn_down_exps": "mlp.experts.{}.down_proj",
}
MIXTRAL_EXPERTS = {
    "ffn_gate_exps": "block_sparse_moe.experts.{}.w1",
    "ffn_up_exps": "block_sparse_moe.experts.{}.w3",
    "ffn_down_exps": "block_sparse_moe.experts.{}.w2",
}


@dataclass(frozen=True, slots=True)
class Names:
    """One family's tensors within a layer.

    Attributes:
        plain: GGUF part -> Hugging Face part.
        experts: GGUF stack of matrices -> Hugging Face part of one expert, "{}" for its number.
        joined: Hugging Face part -> the two GGUF parts whose rows it holds one after the other,
            for each expert where they are stacks.
        adjacent_pairs: the file's query and key rows are ordered for a rotation of neighbours;
            Hugging Face's rotates the first half of a head against the second.
    """

    plain: Mapping[str, str]
    experts: Mapping[str, str] = field(default_factory=dict)
    joined: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    adjacent_pairs: bool = False


GRANITE = Names(
    ATTENTION
    | {
        "ffn_gate_inp": "block_sparse_moe.router.layer",
        "ffn_down_exps": "block_sparse_moe.output_linear",
        "ffn_down_shexp": "shared_mlp.output_linear",
    },
    joined={
        "block_sparse_moe.input_linear": ("ffn_gate_exps", "ffn_up_exps"),
        "shared_mlp.input_linear": ("ffn_gate_shexp", "ffn_up_shexp"),
    },
    adjacent_pairs=True,
)
NAMES: Mapping[str, Names] = {
    "granitemoe": GRANITE,
    "granitemoeshared": GRANITE,
    "llama": Names(ATTENTION | DENSE, adjacent_pairs=True),
    "mixtral": Names(
        ATTENTION | {"ffn_gate_inp": "block_sparse_moe.gate"}, MIXTRAL_EXPERTS, adjacent_pairs=True
    ),
    "olmoe": Names(ATTENTION | ROUTER, QWEN_EXPERTS),
    "qwen2": Names(ATTENTION | DENSE),
    "qwen2_moe": Names(ATTENTION | ROUTER | SHARED_EXPERT, QWEN_EXPERTS),
    "qwen3": Names(ATTENTION | DENSE),
    "qwen3_moe": Names(ATTENTION | ROUTER, QWEN_EXPERTS),
}


def hugging_face_tensors(file: GgufFile, config: Mapping[str, Any]) -> dict[str, PackedTensor]:
    """Return every tensor of the folder under its Hugging Face name.

    Raises:
        CheckpointError: the file has a tensor that its family does not.
    """
    names = NAMES[config["model_type"]]
    found: dict[str, PackedTensor] = {}
    for tensor in file.tensors.values():
        stem, _, kind = tensor.name.rpartition(".")
        if stem in WHOLE_MODEL:
            found[f"{WHOLE_MODEL[stem]}.{kind}"] = _as_is(tensor)
        elif tensor.name != FACTORS:  # the configuration has said what these mean
            for name, packed in _in_layer(file, names, config, tensor):
                found[f"model.layers.{name}.{kind}"] = packed
    return found


def _in_layer(
    file: GgufFile, names: Names, config: Mapping[str, Any], tensor: GgufTensor
) -> Iterator[tuple[str, PackedTensor]]:
    match tensor.name.split("."):
        case ["blk", layer, part, _] if part in names.plain:
            order = _order(file, names, config, tensor, part)
            yield f"{layer}.{names.plain[part]}", _as_is(tensor, order)
        case ["blk", layer, part, _] if part in names.experts and len(tensor.shape) == 3:  # noqa: PLR2004 - a stack of matrices
            for expert in range(tensor.shape[0]):
                packed = PackedTensor(tensor.shape[1:], (PackedRows.expert_of(tensor, expert),))
                yield f"{layer}.{names.experts[part].format(expert)}", packed
        case ["blk", layer, part, kind] if target := _joined_target(names, part):
            first, second = names.joined[target]
            if part == first:
                other = file.tensors.get(f"blk.{layer}.{second}.{kind}")
                yield f"{layer}.{target}", _join(file, tensor, other)
        case _:
            raise CheckpointError(file.path, f"the tensor {tensor.name} is not known")


def _joined_target(names: Names, part: str) -> str | None:
    return next((target for target, parts in names.joined.items() if part in parts), None)


def _as_is(tensor: GgufTensor, order: npt.NDArray[np.intp] | None = None) -> PackedTensor:
    shape = tensor.shape
    if ".ffn_gate_inp_shexp." in tensor.name and len(shape) == 1:
        shape = (1, *shape)  # a vector here, a matrix of one row there
    return PackedTensor(shape, (PackedRows(tensor, tensor.rows, order),))


def _join(file: GgufFile, one: GgufTensor, other: GgufTensor | None) -> PackedTensor:
    if other is None or other.shape != one.shape or len(one.shape) < 2:  # noqa: PLR2004 - a matrix
        raise CheckpointError(file.path, f"the counterpart of {one.name} is missing or differs")
    *stack, rows, columns = one.shape
    experts = range(stack[0]) if stack else range(1)
    parts = tuple(
        PackedRows(tensor, tensor.rows[expert * rows : (expert + 1) * rows])
        for expert in experts
        for tensor in (one, other)
    )
    return PackedTensor((*stack, 2 * rows, columns), parts)


def _order(
    file: GgufFile, names: Names, config: Mapping[str, Any], tensor: GgufTensor, part: str
) -> npt.NDArray[np.intp] | None:
    """Return where each Hugging Face row stands in the file, if not in the same place."""
    if not names.adjacent_pairs or part not in {"attn_q", "attn_k"}:
        return None
    heads = config["num_attention_heads" if part == "attn_q" else "num_key_value_heads"]
    count = len(tensor.rows)
    if not heads or count % (2 * heads):
        raise CheckpointError(file.path, f"the tensor {tensor.name} does not have {heads} heads")
    pairs = np.arange(count).reshape(heads, -1, 2)  # head, place in the half, half
    return pairs.swapaxes(1, 2).reshape(-1)
