"""A random Qwen2-MoE of a billion parameters, for speed only: a folder, and GGUF files of it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import torch

from model.checkpoint import CONFIG, WEIGHTS
from model.families import FAMILIES, from_hugging_face
from model.gguf.export import PackedType, export_gguf
from model.safetensors_stream import Stored, stream_safetensors
from model.tokenizer import CHAT_TEMPLATE, TOKENIZER
from model.transformer import parameter_shapes

PACKED: tuple[PackedType, ...] = ("q4_0", "q8_0")
VALUES = {
    "architectures": ["Qwen2MoeForCausalLM"],
    "model_type": "qwen2_moe",
    "hidden_act": "silu",
    "vocab_size": 151_936,
    "hidden_size": 1024,
    "intermediate_size": 1024,
    "num_hidden_layers": 16,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "max_position_embeddings": 32_768,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "num_experts": 32,
    "num_experts_per_tok": 4,
    "moe_intermediate_size": 512,
    "shared_expert_intermediate_size": 1024,
    "norm_topk_prob": False,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "eos_token_id": 151_645,
    "dtype": "bfloat16",
}


def write_synthetic_moe(folder: Path, tokenizer_from: Path) -> list[Path]:
    """Write what is not there yet; return the GGUF files."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / WEIGHTS).exists():
        for name in (TOKENIZER, CHAT_TEMPLATE):
            shutil.copyfile(tokenizer_from / name, folder / name)
        (folder / CONFIG).write_text(json.dumps(VALUES))
        _write_weights(folder / WEIGHTS)
    files = [folder / f"synthetic-moe-{packed_type}.gguf" for packed_type in PACKED]
    for file, packed_type in zip(files, PACKED, strict=True):
        if not file.exists():
            export_gguf(folder, file, packed_type)
    return files


def _write_weights(path: Path) -> None:
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in parameter_shapes(from_hugging_face(VALUES)).items():
        prefix, source = FAMILIES["qwen2_moe"].source(name)
        shapes |= source.shapes(prefix, shape)
    stored = {name: Stored(torch.bfloat16, shape) for name, shape in shapes.items()}
    unfinished = path.with_suffix(".unfinished")
    stream_safetensors(unfinished, stored, _random(shapes))
    unfinished.replace(path)


def _random(shapes: dict[str, tuple[int, ...]]) -> Iterator[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    for name, shape in shapes.items():
        values = torch.randn(shape, generator=generator, dtype=torch.bfloat16)
        yield torch.ones_like(values) if "norm" in name else values * shape[-1] ** -0.5
