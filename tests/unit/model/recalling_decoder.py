"""A stand-in for the decoder whose every token depends on all it reads back from the cache.

So one block mixed up, or one token computed twice or not at all, changes what is written. Its
arithmetic is exact, and `continuation` says what must come out.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from model.cache import Cache
from model.engine.engine import Engine
from model.engine.generation import Work
from model.engine.stream import AnswerStream
from model.sampling import Sampler, Sampling
from model.speculation import PromptLookup
from model.step import Span, Step, rows_of
from model.text_stream import TextStream

VOCABULARY = 211
END = 0
SECONDS = 20


@dataclass(frozen=True)
class Sizes:
    """What the engine asks of a decoder's configuration."""

    layer_count: int = 1
    cache_heads: int = 1
    key_width: int = 1
    value_width: int = 0
    vocabulary_size: int = VOCABULARY
    context_tokens_max: int = 1000
    end_tokens: tuple[int, ...] = (END,)


BYTES_PER_TOKEN = 4


def next_token(tokens: Sequence[int]) -> int:
    """Return a number in which every token and its place count."""
    number = 1
    for token in tokens:
        number = (number * 31 + token) % 1_000_003
    return number % VOCABULARY


def continuation(prompt: Sequence[int], count: int) -> list[int]:
    tokens = list(prompt)
    while len(tokens) < len(prompt) + count and (token := next_token(tokens)) != END:
        tokens.append(token)
    return tokens[len(prompt) :]


class RecallingDecoder:
    def __init__(self) -> None:
        self.config = Sizes()
        self.dtype = torch.float32
        self.device = torch.device("cpu")
        self.steps: list[tuple[Span, ...]] = []
        self.before_step: Callable[[Step], None] = lambda step: None

    def __call__(self, step: Step, cache: Cache) -> torch.Tensor:
        self.before_step(step)
        self.steps.append(step.spans)
        keys_TKC = step.tokens_T.float()[:, None, None]
        cache.extend(0, step.spans, keys_TKC, keys_TKC[..., :0])
        logits_TV = torch.zeros(len(step.tokens_T), VOCABULARY)
        for span, rows in rows_of(step.spans):
            keys_KSC, values_KSC = cache.read(0, span)
            assert values_KSC.shape == (1, span.end, 0)
            tokens = keys_KSC[0, :, 0].long().tolist()
            for row, end in zip(
                range(rows.start, rows.stop), range(span.start, span.end), strict=True
            ):
                logits_TV[row, next_token(tokens[: end + 1])] = 1.0
        return logits_TV[step.rows_R]

    @property
    def computed(self) -> int:
        """All tokens that went through."""
        return sum(span.count for spans in self.steps for span in spans)


def work(
    prompt: Sequence[int],
    new_tokens_max: int = 20,
    guesses: Sequence[Sequence[int]] | None = None,
    stop: Sequence[str] = (),
    **others: object,
) -> Work:
    """Ask for tokens as text: numbers with a space after each."""
    return Work(
        prompt,
        new_tokens_max,
        Sampler(Sampling()),
        TextStream(stop),
        lambda token: f"{token} ".encode(),
        lookup=None if guesses is None else PromptLookup(prompt, guesses),
        **others,
    )


def read(stream: AnswerStream) -> list[int]:
    return [int(token) for token in "".join(stream.pieces()).split()]


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came true"
        threading.Event().wait(0.002)


def is_free(engine: Engine) -> bool:
    """Whether no request holds anything."""
    now = engine.statistics()
    return (now.running, now.waiting, now.blocks_held) == (0, 0, 0)
