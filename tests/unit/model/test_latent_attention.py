"""The two forms of latent attention are the same function, and cache next to nothing."""

import pytest
import torch

from model.config import DecoderConfig, LatentConfig, RopeConfig
from model.kv_cache import KeyValueCache
from model.latent_attention import LatentAttention
from model.step import Span

LATENT = LatentConfig(
    key_value_rank=16, query_rank=None, plain_width=12, rope_width=8, value_width=10
)


@pytest.fixture
def config() -> DecoderConfig:
    return DecoderConfig(
        family="deepseek_v2",
        vocabulary_size=50,
        hidden_size=32,
        feed_forward_size=32,
        layer_count=1,
        query_heads=4,
        key_value_heads=4,
        head_size=LATENT.rope_width,
        context_tokens_max=64,
        rope=RopeConfig(10_000.0, LATENT.rope_width),
        norm_epsilon=1e-6,
        head_tied_to_embedding=False,
        end_tokens=(),
        windows=(9,),
        global_tokens=2,
        latent=LATENT,
    )


@pytest.mark.parametrize(("start", "count"), [(0, 1), (0, 20), (13, 1), (13, 7), (3, 20)])
@torch.inference_mode()
def test_absorbed_equals_expanded(config: DecoderConfig, start: int, count: int) -> None:
    torch.manual_seed(0)
    attention = LatentAttention(config, LATENT, 0)
    span = Span(0, start, count)
    arguments = (
        torch.randn(count, 4, LATENT.plain_width),
        torch.randn(count, 4, LATENT.rope_width),
        torch.randn(1, span.end, config.key_width),
        span,
    )
    torch.testing.assert_close(attention.absorbed(*arguments), attention.expanded(*arguments))


def test_cache_holds_one_vector_for_each_token(config: DecoderConfig) -> None:
    assert (config.cache_heads, config.key_width, config.value_width) == (1, 24, 0)
    cache = KeyValueCache(config, 5, torch.float32)
    cache.extend(0, (Span(0, 0, 2),), torch.ones(2, 1, 24), torch.ones(2, 1, 0))
    keys_KSC, values_KSC = cache.read(0, Span(0, 0, 2))
    assert keys_KSC.shape == (1, 2, 24)
    assert values_KSC.shape == (1, 2, 0)


def test_scale_is_by_the_whole_query(config: DecoderConfig) -> None:
    assert config.score_scale == pytest.approx(20**-0.5)
