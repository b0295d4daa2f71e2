"""Every family's GGUF file: llama.cpp says whether it is true, transformers how it is read."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from model.gguf.unpack import unpacked_folder
from tests.integration.model.llama_cpp import llama_cpp_writes, log_shares
from tests.integration.model.tiny_gguf import FAMILIES, Family, random_model, write


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
@torch.inference_mode()
def test_file_is_read_as_llama_cpp_reads_it(family: Family, tmp_path: Path) -> None:
    original = random_model(family)
    path = tmp_path / "tiny.gguf"
    write(path, family, original, tmp_path / "saved")
    folder = unpacked_folder(path, torch.float32)
    ours = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    written, theirs_TV = llama_cpp_writes(path)
    expected_TV = log_shares(original, written)
    torch.testing.assert_close(log_shares(ours, written), expected_TV, atol=1e-4, rtol=0)
    assert written == expected_TV.argmax(dim=-1).tolist()
    # llama.cpp keeps some intermediate results in half precision.
    torch.testing.assert_close(theirs_TV, expected_TV, atol=0.02, rtol=0)
