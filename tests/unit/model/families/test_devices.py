"""The decoder puts what it makes where its weights are, as a GPU needs.

The "meta" device computes nothing, but refuses to mix with tensors elsewhere as a GPU does.
"""

from typing import Any

import pytest
import torch

from model.families import from_hugging_face
from model.step import Span, Step
from model.transformer import Decoder

SIZES = {
    "vocab_size": 30,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-6,
    "sliding_window": 3,
}
LATENT = {
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 6,
    "qk_rope_head_dim": 4,
    "v_head_dim": 4,
    "n_routed_experts": 2,
    "num_experts_per_tok": 1,
    "n_shared_experts": 1,
    "moe_intermediate_size": 8,
    "first_k_dense_replace": 2,
}


@pytest.mark.parametrize("count", [1, 5, 20])
@pytest.mark.parametrize(
    "family",
    [
        {"model_type": "llama"},
        {"model_type": "qwen2", "use_sliding_window": True, "max_window_layers": 1},
        {"model_type": "deepseek_v2", **LATENT},
    ],
)
def test_nothing_stays_on_the_processor(family: dict[str, Any], count: int) -> None:
    with torch.device("meta"):
        decoder = Decoder(from_hugging_face(SIZES | family))
    cache = decoder.new_cache(32, sequences=2)
    spans = (Span(0, 4, count), Span(1, 0, 2))
    logits_RV = decoder(Step(torch.zeros(count + 2, dtype=torch.int64), spans), cache)
    assert logits_RV.shape == (2, 30)
    assert logits_RV.device.type == "meta"
