"""A tiny random Qwen2, as transformers saves it and as a GGUF file, with a tiny tokenizer."""

from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
import torch
from tokenizers import pre_tokenizers
from transformers import Qwen2Config, Qwen2ForCausalLM

from model.backends.local import LocalGenerator
from model.checkpoint import Checkpoint
from model.gguf.file import GgufFile
from model.gguf.tokenizer import read_tokenizer
from model.settings import ModelSettings
from model.tokenizer import CHAT_TEMPLATE, TOKENIZER, ChatTokenizer
from model.transformer import Decoder

CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = ["Ġ t", "h e", "Ġt he", "i n", "e r"]
TEMPLATE = (
    "{%- for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>"
    "\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
GgufWriter = Callable[..., None]
_GGUF_NAMES = {
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def vocabulary() -> list[str]:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    return [*letters, *(pair.replace(" ", "") for pair in MERGES), *CONTROL]


@pytest.fixture(scope="session")
def reference() -> Qwen2ForCausalLM:
    """Return transformers' decoder with random weights, large enough to make logits differ."""
    torch.manual_seed(5)
    size = len(vocabulary())
    config = Qwen2Config(
        vocab_size=size,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        tie_word_embeddings=False,
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=[size - 1, size - 3],
        pad_token_id=None,
    )
    model = Qwen2ForCausalLM(config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):  # transformers starts them at zero, which proves nothing
            torch.nn.init.normal_(parameter, std=0.2)
    return model


def gguf_name(name: str) -> str:
    stem, _, kind = name.removeprefix("model.").rpartition(".")
    if stem.startswith("layers."):
        _, layer, part = stem.split(".", 2)
        return f"blk.{layer}.{_GGUF_NAMES[part]}.{kind}"
    return f"{_GGUF_NAMES[stem]}.{kind}"


def write_gguf(
    path: Path,
    weights: dict[str, torch.Tensor],
    architecture: str = "qwen2",
    layers: int = 3,
    tokenizer: str = "qwen2",
) -> None:
    """Write a GGUF file; matrices as Q8_0, vectors as F32, as real files do."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(layers)
    writer.add_context_length(512)
    writer.add_embedding_length(64)
    writer.add_feed_forward_length(96)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    _add_tokenizer(writer, tokenizer)
    for name, tensor in weights.items():
        kind = gguf.GGMLQuantizationType.Q8_0 if tensor.dim() == 2 else None
        values = tensor.detach().numpy()
        data = gguf.quants.quantize(values, kind) if kind else values
        writer.add_tensor(gguf_name(name), data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: gguf.GGUFWriter, kind: str) -> None:
    tokens = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(kind)
    writer.add_token_list(tokens)
    writer.add_token_types(
        [gguf.TokenType.CONTROL if t in CONTROL else gguf.TokenType.NORMAL for t in tokens]
    )
    writer.add_token_merges(MERGES)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_chat_template(TEMPLATE)


@pytest.fixture(scope="session")
def weights(reference: Qwen2ForCausalLM) -> dict[str, torch.Tensor]:
    return dict(reference.state_dict())


@pytest.fixture
def tiny_gguf(tmp_path: Path, weights: dict[str, torch.Tensor]) -> Path:
    path = tmp_path / "tiny.gguf"
    write_gguf(path, weights)
    return path


@pytest.fixture(scope="session")
def checkpoint_folder(
    reference: Qwen2ForCausalLM,
    weights: dict[str, torch.Tensor],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return a Hugging Face folder that transformers wrote, with our tokenizer in it."""
    folder = tmp_path_factory.mktemp("tiny")
    reference.save_pretrained(folder)
    path = folder / "tokenizer-only.gguf"
    write_gguf(path, weights)
    read_tokenizer(GgufFile.open(path)).save(str(folder / TOKENIZER))
    (folder / CHAT_TEMPLATE).write_text(TEMPLATE, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def decoder(checkpoint_folder: Path) -> Decoder:
    return Checkpoint.open(checkpoint_folder).decoder()


@pytest.fixture(scope="session")
def tokenizer(checkpoint_folder: Path) -> ChatTokenizer:
    return ChatTokenizer.open(checkpoint_folder)


@pytest.fixture
def settings() -> ModelSettings:
    return ModelSettings(name="tiny", context_tokens_max=128, prefill_piece_tokens=16)


@pytest.fixture
def generator(
    decoder: Decoder, tokenizer: ChatTokenizer, settings: ModelSettings
) -> LocalGenerator:
    return LocalGenerator(decoder, tokenizer, settings)


@pytest.fixture
def copied_folder(checkpoint_folder: Path, tmp_path: Path) -> Path:
    """Return a checkpoint folder that a test may damage."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in checkpoint_folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


@pytest.fixture(scope="session")
def gguf_writer() -> GgufWriter:
    return write_gguf
