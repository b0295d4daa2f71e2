"""However a GGUF file is damaged, reading it ends in a checkpoint or a `CheckpointError`."""

import tracemalloc
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import gguf
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.errors import CheckpointError
from model.gguf.unpack import unpack_into

HIDDEN = 32
TOKENS = [*"etaoinshrdluTHE .", "th", "<|im_end|>"]
MATRICES = {
    "token_embd": len(TOKENS),
    "output": len(TOKENS),
    "blk.0.attn_q": HIDDEN,
    "blk.0.attn_k": HIDDEN // 2,
    "blk.0.attn_v": HIDDEN // 2,
    "blk.0.attn_output": HIDDEN,
    "blk.0.ffn_gate": HIDDEN,
    "blk.0.ffn_up": HIDDEN,
    "blk.0.ffn_down": HIDDEN,
}
VECTORS = ["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"]
BIASES = {"blk.0.attn_q": HIDDEN, "blk.0.attn_k": HIDDEN // 2, "blk.0.attn_v": HIDDEN // 2}
MEMORY_MAX = 8_000_000  # bytes; the file has some ten thousand
Edit = tuple[float, bytes]


def add_metadata(writer: gguf.GGUFWriter) -> None:
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([1] * (len(TOKENS) - 1) + [3])
    writer.add_token_merges(["t h"])
    writer.add_chat_template("{{ messages }}")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a whole small file, its matrices in blocks."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    add_metadata(writer)
    q4_0 = gguf.GGMLQuantizationType.Q4_0
    for name, rows in MATRICES.items():
        values = gguf.quants.quantize(np.ones((rows, HIDDEN), np.float32), q4_0)
        writer.add_tensor(f"{name}.weight", values, raw_dtype=q4_0)
    for name in VECTORS:
        writer.add_tensor(f"{name}.weight", np.ones(HIDDEN, np.float32))
    for name, count in BIASES.items():
        writer.add_tensor(f"{name}.bias", np.ones(count, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def edited(content: bytes, edits: list[Edit], share: float) -> bytes:
    """Overwrite some places, then keep only the first part."""
    damaged = bytearray(content)
    for place, value in edits:
        start = int(place * len(content))
        damaged[start : start + len(value)] = value
    return bytes(damaged[: int(len(damaged) * share)])


numbers = st.integers(0, 2**64 - 1).map(lambda number: number.to_bytes(8, "little"))
small = st.integers(0, 255).map(lambda number: bytes([number]))
# Most of a file's first third is header, where damage does most harm.
places = st.one_of(st.floats(0, 0.35), st.floats(0, 1))


def test_the_undamaged_file_is_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "whole.gguf").write_bytes(content)
    unpack_into(tmp_path, tmp_path / "whole.gguf", torch.float32)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    edits=st.lists(st.tuples(places, st.one_of(small, numbers)), min_size=1, max_size=3),
    share=st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_damaged_file(content: bytes, edits: list[Edit], share: float) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "damaged.gguf"
        path.write_bytes(edited(content, edits, share))
        assert unpacking_peak_bytes(folder, path) < MEMORY_MAX


def unpacking_peak_bytes(folder: Path, path: Path) -> int:
    tracemalloc.start()
    try:
        with suppress(CheckpointError):
            unpack_into(folder, path, torch.float32)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
