import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from model.checkpoint import Checkpoint
from model.config import DecoderConfig
from model.transformer import Decoder

PROMPT = [3, 200, 17, 99, 4, 4, 250, 31, 8, 120, 77]


def read(decoder: Decoder, *pieces: list[int]) -> torch.Tensor:
    cache = decoder.new_cache(sum(map(len, pieces)))
    for piece in pieces:
        logits = decoder(torch.tensor([piece]), cache)
    return logits[0]


def greedy(decoder: Decoder, prompt: list[int], count: int) -> list[int]:
    cache = decoder.new_cache(len(prompt) + count)
    step, tokens = prompt, []
    for _ in range(count):
        tokens.append(int(decoder(torch.tensor([step]), cache).argmax()))
        step = tokens[-1:]
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
    from_config = DecoderConfig.from_hugging_face(config.to_dict())
    decoder = Decoder.from_checkpoint(Checkpoint(from_config, weights))
    prompt = [1, 2, 3]
    torch.testing.assert_close(
        read(decoder, prompt), reference_logits(tied, prompt), atol=1e-4, rtol=0
    )
