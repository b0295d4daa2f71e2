"""The engine and what its peers have in common: the time of an answer, and of several at once.

The peers stand in files of their own, so that each process loads only the libraries it measures.
"""

import copy
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from model.backends.local import LocalGenerator
from model.backends.port import GenerationRequest, Message
from model.decoder_loading import LoadedDecoder
from model.settings import ModelSettings
from model.tokenizer import ChatTokenizer

Chat = Sequence[Message]
Clock = Callable[[], float]
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "processor": time.process_time}


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one answer, in seconds of the chosen clock from the question on."""

    prompt_tokens: int
    new_tokens: int
    first: float
    total: float

    @property
    def prefill(self) -> float:
        """Tokens a second."""
        return self.prompt_tokens / self.first

    @property
    def decode(self) -> float:
        """Tokens a second after the first one; 0 if there was only one."""
        seconds = self.total - self.first
        return (self.new_tokens - 1) / seconds if self.new_tokens > 1 else 0.0


class Peer(Protocol):
    """One program with its weights loaded."""

    name: str

    def answer(self, chat: Chat, new_tokens: int) -> Timing:
        """Answer greedily, without any cache of earlier questions."""
        ...

    def side_by_side(self, chats: Sequence[Chat], new_tokens: int) -> float:
        """Answer all at once; return the new tokens a second, reading the questions included."""
        ...


class Ours:
    """The engine, through the generator that the product uses.

    Endless, it writes on past its end tokens, so that all peers write equally much.
    """

    def __init__(
        self,
        name: str,
        loaded: LoadedDecoder,
        settings: ModelSettings,
        clock: Clock,
        *,
        endless: bool,
    ) -> None:
        self.name = name
        self._clock = clock
        decoder = copy.copy(loaded.decoder)  # the weights are shared
        if endless:
            decoder.config = replace(decoder.config, end_tokens=())
        tokenizer = ChatTokenizer.open(loaded.folder)
        self.generator = LocalGenerator(decoder, tokenizer, settings)

    def answer(
        self, chat: Chat, new_tokens: int, *, drafts: Sequence[str] = (), fresh: bool = True
    ) -> Timing:
        if fresh:
            self.generator.forget("")
        begin = self._clock()
        pieces = self.generator.generate(GenerationRequest(chat, new_tokens, drafts=drafts))
        next(pieces)
        first = self._clock() - begin
        *_, last = pieces
        total = self._clock() - begin
        return Timing(last.prompt_tokens, last.completion_tokens, first, total)

    def side_by_side(self, chats: Sequence[Chat], new_tokens: int) -> float:
        self.generator.forget("")

        def one(chat: Chat) -> int:
            *_, last = self.generator.generate(GenerationRequest(chat, new_tokens))
            return last.completion_tokens

        return together(one, chats, self._clock)


def median(timings: Sequence[Timing]) -> Timing:
    """Return the median of each time."""
    first = statistics.median(timing.first for timing in timings)
    rest = statistics.median(timing.total - timing.first for timing in timings)
    return replace(timings[0], first=first, total=first + rest)


def together(one: Callable[[Chat], int], chats: Sequence[Chat], clock: Clock) -> float:
    """Do all at once; return the tokens a second."""
    begin = clock()
    with ThreadPoolExecutor(len(chats)) as pool:
        tokens = sum(pool.map(one, chats))
    return tokens / (clock() - begin)
