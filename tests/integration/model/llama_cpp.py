"""llama.cpp as the judge of a GGUF file: what does it write, and how sure is it of each token?"""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from tests.integration.model.tiny_gguf import VOCABULARY

xllamacpp = pytest.importorskip("xllamacpp")

PROMPT = [17, 5, 100, 121, 5, 60, 33, 90, 2, 120, 11, 77]
NEW_TOKENS = 6


def llama_cpp_writes(path: Path) -> tuple[list[int], torch.Tensor]:
    """Return the tokens that llama.cpp writes greedily, and each one's log shares (T, V)."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = 256
    parameters.cpuparams.n_threads = 1
    parameters.verbosity = -1
    parameters.warmup = False
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    request = {
        "prompt": PROMPT,
        "max_tokens": NEW_TOKENS,
        "temperature": 0,
        "logprobs": len(VOCABULARY),
        "ignore_eos": True,
    }
    answer = xllamacpp.Server(parameters).handle_completions(request)
    steps = answer["choices"][0]["logprobs"]["content"]
    log_shares_TV = torch.full((len(steps), len(VOCABULARY)), torch.nan)
    for row_V, step in zip(log_shares_TV, steps, strict=True):
        for entry in step["top_logprobs"]:
            row_V[entry["id"]] = entry["logprob"]
    return [step["id"] for step in steps], log_shares_TV


def log_shares(model: PreTrainedModel, written: list[int]) -> torch.Tensor:
    """Return the log shares (T, V) of each of these tokens after the prompt."""
    tokens = torch.tensor([PROMPT + written])
    return model(tokens).logits[0, len(PROMPT) - 1 : -1].log_softmax(dim=-1)
