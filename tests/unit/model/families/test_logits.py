"""Each family gives what transformers gives, in whatever steps it reads."""

from itertools import pairwise

import pytest
import torch

from model.kv_cache import WholeSequences
from model.step import Span, Step
from model.transformer import Decoder

PROMPT = [3, 150, 17, 99, 4, 4, 180, 31, 8, 120, 77, 5, 64, 23, 11, 42, 190, 66, 13, 27, 9, 101]
CLOSE = {"atol": 1e-4, "rtol": 0.0}


def read_all(decoder: Decoder, *pieces: list[int]) -> torch.Tensor:
    """Return the logits of every token of a sequence that comes in pieces, SV."""
    cache = decoder.new_cache(sum(map(len, pieces)))
    start, logits = 0, []
    for piece in pieces:
        span = Span(0, start, len(piece))
        logits.append(decoder(Step(torch.tensor(piece), (span,), torch.arange(len(piece))), cache))
        start = span.end
    return torch.cat(logits)


def greedy(decoder: Decoder, prompt: list[int], count: int) -> list[int]:
    cache = decoder.new_cache(len(prompt) + count)
    step, tokens = Step.of_one(prompt), []
    for place in range(len(prompt), len(prompt) + count):
        tokens.append(int(decoder(step, cache).argmax()))
        step = Step.of_one(tokens[-1:], place)
    return tokens


@torch.inference_mode()
def test_logits_agree_with_transformers(pair) -> None:
    expected = pair.theirs(torch.tensor([PROMPT])).logits[0]
    assert expected.std() > 0.5  # else small differences would not show
    torch.testing.assert_close(read_all(pair.ours, PROMPT), expected, **CLOSE)


@torch.inference_mode()
def test_64_greedy_tokens_are_those_of_transformers(pair) -> None:
    """Each of our tokens is their choice after the ones before, so by induction all are."""
    ours = greedy(pair.ours, PROMPT, 64)
    logits = pair.theirs(torch.tensor([PROMPT + ours[:-1]])).logits[0]
    assert logits[len(PROMPT) - 1 :].argmax(-1).tolist() == ours


@pytest.mark.parametrize("cuts", [(1,), (2, 3, 9), (5, 21), (17, 18, 19)])
def test_prompt_in_pieces_equals_prompt_at_once(pair, cuts: tuple[int, ...]) -> None:
    ends = [0, *cuts, len(PROMPT)]
    pieces = [PROMPT[start:end] for start, end in pairwise(ends)]
    torch.testing.assert_close(read_all(pair.ours, *pieces), read_all(pair.ours, PROMPT), **CLOSE)


def test_cached_equals_uncached(pair) -> None:
    one_by_one = read_all(pair.ours, *([token] for token in PROMPT))
    for length in (1, 2, 8, len(PROMPT)):
        step = Step.of_one(PROMPT[:length])
        torch.testing.assert_close(
            pair.ours(step, WholeSequences())[0], one_by_one[length - 1], **CLOSE
        )


def test_sequences_side_by_side_equal_each_alone(pair) -> None:
    """One sequence is begun, one continued by a piece, one by a single token."""
    decoder = pair.ours
    cache = decoder.new_cache(len(PROMPT), sequences=3)
    decoder(Step.of_one(PROMPT[:4], sequence=2), cache)
    decoder(Step.of_one(PROMPT[3:12]), cache)
    tokens = [*PROMPT[4:], PROMPT[12], *PROMPT[2:5]]
    spans = (Span(2, 4, len(PROMPT) - 4), Span(0, 9, 1), Span(1, 0, 3))
    together = decoder(Step(torch.tensor(tokens), spans), cache)
    for row, alone in zip(together, [PROMPT, PROMPT[3:13], PROMPT[2:5]], strict=True):
        torch.testing.assert_close(row, read_all(decoder, alone)[-1], **CLOSE)
