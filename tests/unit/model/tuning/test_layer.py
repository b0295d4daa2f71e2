"""Tuning's own arithmetic equals the house's decoder, with and without gradients."""

from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint
from model.step import Span, Step
from model.transformer import Decoder
from model.tuning.base import FrozenBase
from model.tuning.batch import answer_logits, lay_out, tuned_sizes
from model.tuning.example_maker import Example
from model.tuning.layer import LayerSizes, Weights
from model.tuning.trained import served
from model.tuning.tuned_file import TunedWeights
from model.tuning.upcycle import upcycle


def decoder_logits(decoder: Decoder, examples: list[Example]) -> torch.Tensor:
    """Let the house's decoder say what follows each token before an answer's."""
    rows = []
    for example in examples:
        count = len(example.input_tokens)
        step = Step(
            torch.tensor(example.input_tokens),
            (Span(0, 0, count),),
            torch.arange(count - len(example.answer), count),
        )
        rows.append(decoder(step, decoder.new_cache(count)))
    return torch.cat(rows)


def tuned_logits(
    base: FrozenBase,
    layers: list[Weights],
    sizes: LayerSizes,
    examples: list[Example],
    gradient_tokens: int,
) -> torch.Tensor:
    first = len(base.layers) - len(layers)
    states = [base.states_entering(first, example.input_tokens) for example in examples]
    batch = lay_out(examples, states, gradient_tokens)
    return answer_logits(base, layers, sizes, batch)[0]


@pytest.mark.parametrize("gradient_tokens", [1, 5, 1000])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_dense_layers_equal_the_decoder(
    base: FrozenBase, decoder: Decoder, examples: list[Example], gradient_tokens: int, first: int
) -> None:
    with torch.no_grad():
        found = tuned_logits(base, list(base.layers[first:]), base.sizes, examples, gradient_tokens)
    torch.testing.assert_close(found, decoder_logits(decoder, examples), atol=1e-4, rtol=0)


@pytest.mark.parametrize("gradients", [False, True])
def test_tuned_layers_equal_the_upcycled_decoder(
    dense: Checkpoint,
    base: FrozenBase,
    changed: TunedWeights,
    examples: list[Example],
    gradients: bool,
) -> None:
    upcycled = upcycle(dense, changed, Path("tuned")).decoder()
    frozen = base.layers[changed.recipe.first_layer :]
    layers = [
        served(f, {name: tensor.clone().requires_grad_(gradients) for name, tensor in t.items()})
        for f, t in zip(frozen, changed.layers, strict=True)
    ]
    sizes = tuned_sizes(base, changed.recipe.experts_per_token)
    with torch.set_grad_enabled(gradients):
        found = tuned_logits(base, layers, sizes, examples, gradient_tokens=3)
    assert found.requires_grad == gradients
    expected = decoder_logits(upcycled, examples)
    torch.testing.assert_close(found.detach(), expected, atol=1e-4, rtol=0)


def test_gradients_of_the_whole_prompt_are_those_of_one_pass(
    base: FrozenBase, changed: TunedWeights, examples: list[Example]
) -> None:
    """With every token live, cutting an example after its first token must not matter."""
    layer = {name: tensor.clone().requires_grad_() for name, tensor in changed.layers[-1].items()}
    sizes = tuned_sizes(base, changed.recipe.experts_per_token)
    gradients = []
    for gradient_tokens in (1000, len(examples[0].prompt) - 2):
        logits_RV = tuned_logits(
            base, [served(base.layers[-1], layer)], sizes, examples[:1], gradient_tokens
        )
        loss = torch.nn.functional.cross_entropy(logits_RV, torch.tensor(examples[0].answer))
        gradients.append(torch.autograd.grad(loss, layer["self_attn.q_proj.a"])[0])
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(gradients[0], gradients[1])  # queries of the past have no say
