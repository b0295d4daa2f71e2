"""Every block format, against the `gguf` package's own unpacking and llama.cpp's arithmetic."""

from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from model.gguf.unpack import unpacked_folder
from tests.integration.model.llama_cpp import llama_cpp_writes, log_shares
from tests.integration.model.tiny_gguf import FAMILIES, Packing, random_model, write

Format = gguf.GGMLQuantizationType
FORMATS = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"]
QWEN2 = FAMILIES["qwen2"]
ROW = {"hidden_size": 256, "intermediate_size": 256, "num_hidden_layers": 1}
MATRIX = "model.layers.0.mlp.gate_proj.weight"
# The package cannot pack these; blocks of random bytes are as good, if their scales make sense.
# Format -> {where a float16 scale stands in the block: its value}
SCALES = {
    Format.Q4_K: {0: 1.5e-3, 2: 1.1e-2},
    Format.Q5_K: {0: 7e-4, 2: 1.1e-2},
    Format.Q6_K: {208: 8e-5},
}


def packing(packed_format: gguf.GGMLQuantizationType) -> Packing:
    generator = np.random.default_rng(11)

    def pack(tensor: torch.Tensor) -> tuple[np.ndarray, gguf.GGMLQuantizationType]:
        values = tensor.contiguous().numpy()
        if tensor.dim() == 1:
            return values, Format.F32
        if packed_format in SCALES:
            return random_blocks(tensor.shape, packed_format, generator), packed_format
        return gguf.quants.quantize(values, packed_format), packed_format

    return pack


def random_blocks(
    shape: torch.Size, packed_format: gguf.GGMLQuantizationType, generator: np.random.Generator
) -> np.ndarray:
    block, size = gguf.GGML_QUANT_SIZES[packed_format]
    blocks = generator.integers(0, 256, (*shape[:-1], shape[-1] // block, size), dtype=np.uint8)
    for place, scale in SCALES[packed_format].items():
        blocks[..., place : place + 2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
    return blocks.reshape(*shape[:-1], -1)


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    return random_model(QWEN2, **ROW)


@pytest.mark.parametrize("name", FORMATS)
@torch.inference_mode()
def test_format(name: str, model: PreTrainedModel, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    write(path, QWEN2, model, tmp_path / "saved", packing(Format[name]))
    unpacked = AutoModelForCausalLM.from_pretrained(unpacked_folder(path, torch.float32)).eval()
    packed = {t.name: t for t in gguf.GGUFReader(path).tensors}["blk.0.ffn_gate.weight"]
    assert packed.tensor_type == Format[name]
    reference = gguf.quants.dequantize(packed.data, packed.tensor_type)
    assert np.array_equal(unpacked.state_dict()[MATRIX].numpy(), reference)
    written, theirs_TV = llama_cpp_writes(path)
    # llama.cpp rounds activations to eight bits for the packed formats, so not quite equal.
    both = torch.stack([theirs_TV.flatten(), log_shares(unpacked, written).flatten()])
    assert both.corrcoef()[0, 1] > 0.995
