"""Checkpoint folders of Qwen2 and Qwen2-MoE -> GGUF files that llama.cpp and its kin load."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import gguf
import numpy as np
import numpy.typing as npt
import torch

from model.checkpoint import Checkpoint
from model.config import DecoderConfig
from model.durable_files import publish
from model.errors import CheckpointError
from model.gguf.export_tensors import Output, gguf_tensors
from model.gguf.export_tokenizer import write_tokenizer

PackedType = Literal["f16", "bf16", "q8_0", "q4_0"]
_ARCHITECTURES = {"qwen2": "qwen2", "qwen2_moe": "qwen2moe"}
_ROWS_AT_ONCE = 4096
_Format = gguf.GGMLQuantizationType
_KEPT_FINER = {"token_embd.weight", "output.weight"}


def export_gguf(folder: Path, path: Path, packed_type: PackedType = "q8_0") -> None:
    """Write a checkpoint folder as one GGUF file.

    Matrices are packed as said, but the router, which is small and delicate, is kept in float32,
    and with q4_0 the embedding and the head in q8_0, as llama.cpp does.

    Raises:
        CheckpointError: the folder is damaged, or GGUF cannot express the model.
        OSError: the disk is full or may not be written.
    """
    checkpoint = Checkpoint.open(folder)
    _refuse_inexpressible(folder, checkpoint.config)
    unfinished = path.with_name(f".{path.name}.unfinished")
    writer = gguf.GGUFWriter(unfinished, _ARCHITECTURES[checkpoint.config.family])
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{packed_type.upper()}"])
    _write_config(writer, checkpoint.config)
    write_tokenizer(writer, folder, checkpoint.config)
    outputs = gguf_tensors(checkpoint.config, checkpoint.weights)
    try:
        _write(writer, [(each, _format(each, _Format[packed_type.upper()])) for each in outputs])
    finally:
        writer.close()
    publish(unfinished, path)


def _write(
    writer: gguf.GGUFWriter, outputs: Sequence[tuple[Output, gguf.GGMLQuantizationType]]
) -> None:
    for output, packed_format in outputs:
        _announce(writer, output, packed_format)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for output, packed_format in outputs:
        writer.write_tensor_data(_pack(output, packed_format))


def _refuse_inexpressible(folder: Path, config: DecoderConfig) -> None:
    shared_width = config.moe.shared_width if config.moe is not None else 0
    if config.family not in _ARCHITECTURES:
        reason = f"a {config.family} cannot be written as GGUF; known are "
        raise CheckpointError(folder, reason + ", ".join(_ARCHITECTURES))
    if config.rope.scaling is not None or any(config.windows):
        raise CheckpointError(folder, "long-context options cannot be written as GGUF")
    if config.moe is not None and config.moe.renormalise:
        raise CheckpointError(folder, "llama.cpp does not renormalise a Qwen2-MoE's expert weights")
    if config.dense_layers and config.feed_forward_size != shared_width:
        raise CheckpointError(folder, "its dense layers are not as wide as the shared expert")


def _write_config(writer: gguf.GGUFWriter, config: DecoderConfig) -> None:
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(config.layer_count)
    writer.add_context_length(config.context_tokens_max)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.feed_forward_size)
    writer.add_head_count(config.query_heads)
    writer.add_head_count_kv(config.key_value_heads)
    writer.add_rope_freq_base(config.rope.base)
    writer.add_layer_norm_rms_eps(config.norm_epsilon)
    if config.moe is not None:
        writer.add_expert_count(config.moe.experts)
        writer.add_expert_used_count(config.moe.experts_per_token)
        writer.add_expert_feed_forward_length(config.moe.expert_width)
        writer.add_expert_shared_feed_forward_length(config.moe.shared_width)


def _format(output: Output, wanted: gguf.GGMLQuantizationType) -> gguf.GGMLQuantizationType:
    if not output.packable:
        return _Format.F32
    if wanted == _Format.Q4_0 and output.name in _KEPT_FINER:
        wanted = _Format.Q8_0
    block, _ = gguf.GGML_QUANT_SIZES[wanted]
    return wanted if output.tensor.shape[-1] % block == 0 else _Format.F16


def _announce(
    writer: gguf.GGUFWriter, output: Output, packed_format: gguf.GGMLQuantizationType
) -> None:
    block, block_bytes = gguf.GGML_QUANT_SIZES[packed_format]
    size_bytes = output.tensor.numel() // block * block_bytes
    shape = tuple(output.tensor.shape)
    writer.add_tensor_info(output.name, shape, np.dtype("f4"), size_bytes, packed_format)


def _pack(output: Output, packed_format: gguf.GGMLQuantizationType) -> npt.NDArray[np.generic]:
    pieces = [
        gguf.quants.quantize((output.factor * rows.to(torch.float32)).numpy(), packed_format)
        for rows in torch.split(output.tensor, _ROWS_AT_ONCE)
    ]
    return np.concatenate(pieces)
