"""The loop from prompt tokens to new tokens. Shapes: see config.py."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from model.cache import Cache
from model.sampling import Sampler
from model.step import Step
from model.transformer import Decoder


@dataclass(frozen=True, slots=True)
class Pace:
    """How the work is cut up; changes speed, never the result."""

    prefill_piece_tokens: int
    prefill_threads: int
    decode_threads: int


def generate_tokens(
    decoder: Decoder,
    prompt: Sequence[int],
    *,
    new_tokens_max: int,
    sampler: Sampler,
    pace: Pace,
    cancelled: threading.Event,
) -> Generator[int]:
    """Yield new tokens until the limit or until cancelled; the caller watches for end tokens.

    Holds the cache's memory until exhausted or closed.
    """
    cache = decoder.new_cache(len(prompt) + new_tokens_max)
    logits_V = None
    for start in range(0, len(prompt), pace.prefill_piece_tokens):
        if cancelled.is_set():
            return
        piece = prompt[start : start + pace.prefill_piece_tokens]
        logits_V = _read(decoder, Step.of_one(piece, start), cache, pace.prefill_threads)
    for place in range(new_tokens_max):
        if cancelled.is_set() or logits_V is None:
            return
        token = sampler.choose(logits_V)
        yield token
        if place + 1 < new_tokens_max and not cancelled.is_set():
            step = Step.of_one([token], len(prompt) + place)
            logits_V = _read(decoder, step, cache, pace.decode_threads)


def _read(decoder: Decoder, step: Step, cache: Cache, threads: int) -> torch.Tensor:
    with _threads(threads):
        logits_RV: torch.Tensor = decoder(step, cache)
    return logits_RV[0]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads on this thread.

    Set for each step, because a stream may be read by another thread each time. A thread that uses
    torch for the first time meanwhile starts with this count too; that is torch's own doing.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
