"""The compiled encoder against the same pass in torch, with float32 arithmetic."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from retrieval.embedding import encoder_pass
from retrieval.embedding.kernels.kernel_layers import KernelLayers, kernel_layers
from retrieval.embedding.kernels.loading import kernels_loaded
from retrieval.embedding.torch_layers import TorchLayers
from tests.unit.retrieval.embedding.kernels.weights import random_rows, random_weights

SHAPES = [
    {"hidden": 64, "heads": 2, "feed_forward": 128},
    {"hidden": 128, "heads": 2, "feed_forward": 128},
    {"hidden": 96, "heads": 3, "feed_forward": 288, "layers": 1},
]
LENGTHS = st.lists(st.integers(1, 70), min_size=1, max_size=6)


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> Iterator[None]:
    if not kernels_loaded():
        pytest.skip("the encoder's kernels cannot be had here")
    with torch.inference_mode():
        yield


def kernel(**shape: int) -> KernelLayers:
    layers = kernel_layers(random_weights(**shape))
    assert layers is not None
    return layers


def reference(rows: torch.Tensor, lengths: list[int], **shape: int) -> torch.Tensor:
    weights = random_weights(**shape, dtype=torch.float32)
    return TorchLayers(weights, packed=False)._run(encoder_pass.token_states, rows, lengths)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"hidden {shape['hidden']}")
@pytest.mark.parametrize("lengths", [[1], [16], [33, 2, 64], [512, 300, 5]], ids=str)
def test_states_are_those_of_torch(shape: dict[str, int], lengths: list[int]) -> None:
    rows = random_rows(sum(lengths), shape["hidden"])
    states, expected = kernel(**shape).states(rows, lengths), reference(rows, lengths, **shape)
    assert (states - expected).abs().mean() < 0.01
    assert functional.cosine_similarity(states, expected).min() > 0.999


def test_vectors_are_the_directions_of_mean_states() -> None:
    lengths = [3, 40]
    rows = random_rows(sum(lengths))
    means = [text.mean(dim=0) for text in kernel().states(rows, lengths).split(lengths)]
    expected = functional.normalize(torch.stack(means))
    torch.testing.assert_close(kernel().vectors(rows, lengths), expected)


@given(lengths=LENGTHS, seed=st.integers(0, 99))
@settings(deadline=None, max_examples=25)
def test_a_text_has_to_the_last_bit_the_states_that_it_has_alone(
    lengths: list[int], seed: int
) -> None:
    layers, rows = kernel(), random_rows(sum(lengths), seed=seed)
    together = layers.states(rows, lengths)
    alone = [layers.states(text, [len(text)]) for text in rows.split(lengths)]
    assert torch.equal(together, torch.cat(alone))


def test_more_rows_than_a_pass_takes_at_once_change_nothing() -> None:
    layers, lengths = kernel(), [300] * 5
    rows = random_rows(300).repeat(5, 1)
    texts = layers.states(rows, lengths).split(lengths)
    assert all(torch.equal(text, texts[0]) for text in texts)


def test_a_pass_leaves_its_rows_as_they_were() -> None:
    rows = random_rows(20)
    kernel().states(rows, [20])
    assert torch.equal(rows, random_rows(20))


def test_scores_beyond_what_exponents_hold_still_make_shares() -> None:
    weights = random_weights(layers=1)
    weights.weights[0].mul_(200)
    layers = kernel_layers(weights)
    assert layers is not None
    assert layers.states(random_rows(40), [40]).isfinite().all()


def test_lengths_that_are_not_those_of_the_rows_are_refused() -> None:
    with pytest.raises(RuntimeError, match="lengths are not those of the rows"):
        kernel().states(random_rows(10), [11])
