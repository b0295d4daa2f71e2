from dataclasses import dataclass

import pytest
import torch

from model.engine.paged_cache import PagedCache, bytes_per_token
from model.kv_cache import KeyValueCache
from model.step import Span

BLOCK = 4


@dataclass(frozen=True)
class Sizes:
    layer_count: int = 2
    cache_heads: int = 3
    key_width: int = 5
    value_width: int = 7


LATENT = Sizes(cache_heads=1, key_width=9, value_width=0)


def paged(sizes: Sizes, blocks: int) -> PagedCache:
    return PagedCache(
        sizes,  # type: ignore[arg-type]
        torch.float32,
        torch.device("cpu"),
        block_tokens=BLOCK,
        bytes_max=blocks * BLOCK * bytes_per_token(sizes, torch.float32),  # type: ignore[arg-type]
        keep_seconds=60,
        clock=lambda: 0.0,
    )


def open_sequence(cache: PagedCache, tokens_max: int, prompt: tuple[int, ...] = (1,)) -> int:
    sequence = cache.open("a", prompt, tokens_max)
    assert sequence is not None
    return sequence


def extend_both(
    sizes: Sizes,
    cache: PagedCache,
    plain: KeyValueCache,
    spans: tuple[Span, ...],
    number: dict[int, int],
) -> None:
    """Write the same random keys and values into both, and compare all that is read."""
    count = sum(span.count for span in spans)
    twins = tuple(Span(number[s.sequence], s.start, s.count) for s in spans)
    for layer in range(sizes.layer_count):
        keys = torch.randn(count, sizes.cache_heads, sizes.key_width)
        values = torch.randn(count, sizes.cache_heads, sizes.value_width)
        cache.extend(layer, spans, keys, values)
        plain.extend(layer, twins, keys, values)
        for span, twin in zip(spans, twins, strict=True):
            for ours, theirs in zip(cache.read(layer, span), plain.read(layer, twin), strict=True):
                assert torch.equal(ours, theirs)


@pytest.mark.parametrize("sizes", [Sizes(), LATENT])
def test_equals_the_plain_cache(sizes: Sizes) -> None:
    torch.manual_seed(1)
    cache = paged(sizes, 12)
    gap = open_sequence(cache, 3 * BLOCK)
    first = open_sequence(cache, 4 * BLOCK)
    cache.tables.close(gap)
    scattered = open_sequence(cache, 8 * BLOCK)  # the gap and what is left at the end
    assert cache.tables[first].is_run
    assert not cache.tables[scattered].is_run
    number = {first: 0, scattered: 1}
    plain = KeyValueCache(sizes, 40, torch.float32, 2)  # type: ignore[arg-type]
    steps: list[tuple[Span, ...]] = [
        (Span(first, 0, 6),),
        (Span(scattered, 0, 9),),
        (Span(first, 6, 1), Span(scattered, 9, 14)),
        (Span(scattered, 23, 1), Span(first, 7, 3)),
        (Span(first, 8, 2),),  # what was guessed wrong is written over
    ]
    for spans in steps:
        extend_both(sizes, cache, plain, spans, number)


@pytest.mark.parametrize("sizes", [Sizes(), LATENT])
def test_found_blocks_hold_what_was_computed(sizes: Sizes) -> None:
    cache = paged(sizes, 12)
    prompt = tuple(range(10))
    first = open_sequence(cache, 10, prompt)
    span = Span(first, 0, 10)
    expected = []
    for layer in range(sizes.layer_count):
        keys = torch.randn(10, sizes.cache_heads, sizes.key_width)
        values = torch.randn(10, sizes.cache_heads, sizes.value_width)
        cache.extend(layer, (span,), keys, values)
        expected.append((keys[:8].transpose(0, 1), values[:8].transpose(0, 1)))
    cache.tables.advance(first, prompt, 10)
    second = open_sequence(cache, 12, prompt)
    assert cache.tables[second].length == 8
    for layer, parts in enumerate(expected):
        rest = torch.zeros(1, sizes.cache_heads, sizes.key_width)
        spans = (Span(second, 8, 1),)
        cache.extend(layer, spans, rest, torch.zeros(1, sizes.cache_heads, sizes.value_width))
        for ours, theirs in zip(cache.read(layer, spans[0]), parts, strict=True):
            assert torch.equal(ours[:, :8], theirs)


def test_neighbours_are_read_without_a_copy() -> None:
    cache = paged(Sizes(), 4)
    span = Span(open_sequence(cache, 10), 0, 6)
    new = torch.randn(6, 3, 7)
    cache.extend(0, (span,), new[..., :5], new)
    keys, values = cache.read(0, span)
    assert keys._is_view()
    assert values._is_view()


def test_memory_decides_how_many_blocks_there_are() -> None:
    assert bytes_per_token(Sizes(), torch.bfloat16) == 2 * 3 * (5 + 7) * 2  # type: ignore[arg-type]
    assert paged(Sizes(), 7).tokens_max == 7 * BLOCK
