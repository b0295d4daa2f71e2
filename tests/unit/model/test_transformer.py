import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from model.checkpoint import Checkpoint
from model.families import from_hugging_face
from model.kv_cache import WholeSequences
from model.step import Span, Step
from model.transformer import Decoder

PROMPT = [3, 200, 17, 99, 4, 4, 250, 31, 8, 120, 77]


def read(decoder: Decoder, *pieces: list[int]) -> torch.Tensor:
    cache = decoder.new_cache(sum(map(len, pieces)))
    start = 0
    for piece in pieces:
        logits = decoder(Step.of_one(piece, start), cache)
        start += len(piece)
    return logits[0]


def greedy(decoder: Decoder, prompt: list[int], count: int) -> list[int]:
    cache = decoder.new_cache(len(prompt) + count)
    step, tokens = Step.of_one(prompt), []
    for place in range(len(prompt), len(prompt) + count):
        tokens.append(int(decoder(step, cache).argmax()))
        step = Step.of_one(tokens[-1:], place)
    return tokens


@torch.inference_mode()
def reference_logits(reference: Qwen2ForCausalLM, prompt: list[int]) -> torch.Tensor:
    return reference(torch.tensor([prompt])).logits[0, -1]


def test_logits_agree_with_transformers(decoder: Decoder, reference: Qwen2ForCausalLM) -> None:
    for length in range(1, len(PROMPT) + 1):
        expected = reference_logits(reference, PROMPT[:length])
        torch.testing.assert_close(read(decoder, PROMPT[:length]), expected, atol=1e-4, rtol=0)


def test_greedy_tokens_are_those_of_transformers(
    decoder: Decoder, reference: Qwen2ForCausalLM
) -> None:
    prompt = torch.tensor([PROMPT])
    expected = reference.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=64,
        min_new_tokens=64,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
    )
    assert greedy(decoder, PROMPT, 64) == expected[0, len(PROMPT) :].tolist()


@pytest.mark.parametrize("cut", range(1, len(PROMPT)))
def test_prompt_in_pieces_equals_prompt_at_once(decoder: Decoder, cut: int) -> None:
    in_pieces = read(decoder, PROMPT[:cut], PROMPT[cut:])
    torch.testing.assert_close(in_pieces, read(decoder, PROMPT), atol=1e-4, rtol=0)


def test_cached_equals_uncached(decoder: Decoder) -> None:
    tokens = list(PROMPT)
    for _ in range(12):
        tokens.append(int(read(decoder, tokens).argmax()))
    assert greedy(decoder, PROMPT, 12) == tokens[len(PROMPT) :]


def test_head_tied_to_the_embedding() -> None:
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=50,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=True,
        initializer_range=0.2,
    )
    tied = Qwen2ForCausalLM(config).eval()
    weights = {k: v for k, v in tied.state_dict().items() if k != "lm_head.weight"}
    from_config = from_hugging_face(config.to_dict())
    decoder = Checkpoint(from_config, weights).decoder()
    prompt = [1, 2, 3]
    torch.testing.assert_close(
        read(decoder, prompt), reference_logits(tied, prompt), atol=1e-4, rtol=0
    )


def test_sequences_side_by_side_equal_each_alone(decoder: Decoder) -> None:
    """One sequence is begun, one continued by a piece, one by a single token."""
    cache = decoder.new_cache(len(PROMPT), sequences=3)
    decoder(Step.of_one(PROMPT[:4], sequence=2), cache)
    decoder(Step.of_one(PROMPT[3:9]), cache)
    tokens = [*PROMPT[4:], PROMPT[9], *PROMPT[2:5]]
    spans = (Span(2, 4, len(PROMPT) - 4), Span(0, 6, 1), Span(1, 0, 3))
    together = decoder(Step(torch.tensor(tokens), spans), cache)
    for row, alone in zip(together, [PROMPT, PROMPT[3:10], PROMPT[2:5]], strict=True):
        torch.testing.assert_close(row, read(decoder, alone), atol=1e-4, rtol=0)


def test_logits_of_chosen_rows(decoder: Decoder) -> None:
    step = Step(torch.tensor(PROMPT), (Span(0, 0, len(PROMPT)),), torch.tensor([0, 5]))
    logits = decoder(step, decoder.new_cache(len(PROMPT)))
    for row, length in zip(logits, (1, 6), strict=True):
        torch.testing.assert_close(row, read(decoder, PROMPT[:length]), atol=1e-4, rtol=0)


def test_whole_sequences_need_no_memory_of_them(decoder: Decoder) -> None:
    spans = (Span(0, 0, 4), Span(1, 0, len(PROMPT) - 4))
    logits = decoder(Step(torch.tensor(PROMPT), spans), WholeSequences())
    for row, alone in zip(logits, [PROMPT[:4], PROMPT[4:]], strict=True):
        torch.testing.assert_close(row, read(decoder, alone), atol=1e-4, rtol=0)


def test_layers_pass_gradients_on(decoder: Decoder) -> None:
    spans = (Span(0, 0, 4),)
    x_TD = torch.randn(4, 64, requires_grad=True)
    y_TD = decoder.layers[1](x_TD, spans, decoder.rotation(spans), WholeSequences())
    (gradient_TD,) = torch.autograd.grad(y_TD[1].sum(), x_TD)
    assert gradient_TD[:2].abs().min() > 0
    assert not gradient_TD[2:].any()  # later tokens have no say
