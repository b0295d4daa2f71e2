"""Any family may be given windows and global tokens (Xiao et al. 2023)."""

from dataclasses import replace

import pytest
import torch

from model.families import from_hugging_face
from model.kv_cache import WholeSequences
from model.step import Step
from model.transformer import Decoder

LLAMA = {
    "model_type": "llama",
    "vocab_size": 30,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-6,
}
TOKENS = [3, 5, 7, 9, 11, 13, 17, 19, 23, 29]


def last_logits(tokens: list[int], window: int, global_tokens: int) -> torch.Tensor:
    torch.manual_seed(0)
    config = from_hugging_face(LLAMA)
    decoder = Decoder(replace(config, windows=(window,), global_tokens=global_tokens))
    return decoder(Step.of_one(tokens), WholeSequences())[0]


@pytest.mark.parametrize(
    ("window", "global_tokens", "seen"), [(0, 0, True), (4, 0, False), (4, 1, True), (10, 0, True)]
)
def test_first_token_is_seen_if_global_or_in_the_window(
    window: int, global_tokens: int, seen: bool
) -> None:
    before = last_logits(TOKENS, window, global_tokens)
    after = last_logits([4, *TOKENS[1:]], window, global_tokens)
    assert torch.equal(before, after) != seen


@pytest.mark.parametrize("windows", [(4, 4), (-1,)])
def test_windows_must_be_one_for_each_layer(windows: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not one for each layer"):
        replace(from_hugging_face(LLAMA), windows=windows)
