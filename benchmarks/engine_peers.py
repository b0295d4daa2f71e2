"""The engine and its peers behind one face: the time of an answer, and of eight at once."""

import copy
import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
import xllamacpp
from transformers import AutoModelForCausalLM, DynamicCache

from model.backends.local import LocalGenerator
from model.backends.port import GenerationRequest, Message
from model.decoder_loading import LoadedDecoder
from model.settings import ModelSettings
from model.tokenizer import ChatTokenizer

CONTEXT_TOKENS = 4096
PIECE_TOKENS = 512
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

        return _together(one, chats, self._clock)


class Transformers:
    """transformers in bfloat16, its weights mapped from the same folder."""

    name = "transformers bfloat16"

    def __init__(self, folder: Path, threads: int, clock: Clock) -> None:
        self._tokenizer = ChatTokenizer.open(folder)
        self._threads = threads
        self._clock = clock
        # For a mixture of experts it takes "grouped_mm" by itself, its quickest here.
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()

    @torch.inference_mode()
    def answer(self, chat: Chat, new_tokens: int) -> Timing:
        prompt = torch.tensor([self._tokenizer.encode_chat(chat)])
        begin = self._clock()
        steps = itertools.islice(self._steps(prompt), new_tokens)
        next(steps)
        first = self._clock() - begin
        written = 1 + sum(1 for _ in steps)
        return Timing(prompt.shape[1], written, first, self._clock() - begin)

    @torch.inference_mode()
    def side_by_side(self, chats: Sequence[Chat], new_tokens: int) -> float:
        prompts = [self._tokenizer.encode_chat(chat) for chat in chats]
        shortest = min(map(len, prompts))  # one rectangle: no time is lost on padding
        begin = self._clock()
        batch = torch.tensor([prompt[-shortest:] for prompt in prompts])
        for _ in itertools.islice(self._steps(batch), new_tokens):
            pass
        return len(chats) * new_tokens / (self._clock() - begin)

    def _steps(self, tokens: torch.Tensor) -> Iterator[torch.Tensor]:
        torch.set_num_threads(self._threads)
        cache = DynamicCache(config=self._model.config)
        for piece in tokens.split(PIECE_TOKENS, dim=1):
            logits = self._model(piece, past_key_values=cache, logits_to_keep=1).logits
        while True:
            chosen = logits[:, -1].argmax(dim=-1, keepdim=True)
            yield chosen
            logits = self._model(chosen, past_key_values=cache, logits_to_keep=1).logits


class LlamaCpp:
    """llama.cpp's own server loop, called without HTTP."""

    def __init__(
        self, path: Path, folder: Path, threads: int, clock: Clock, answers_at_once: int = 1
    ) -> None:
        self.name = f"llama.cpp {path.stem.split('-')[-1]}"
        self._clock = clock
        self._tokenizer = ChatTokenizer.open(folder)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = CONTEXT_TOKENS
        parameters.n_parallel = answers_at_once
        parameters.kv_unified = True  # any share of the context for each answer
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        parameters.verbosity = -1
        parameters.cache_ram_mib = 0
        self._server = xllamacpp.Server(parameters)

    def answer(self, chat: Chat, new_tokens: int) -> Timing:
        seen: list[float] = []
        begin = self._clock()
        usage = self._complete(chat, new_tokens, lambda: seen.append(self._clock()))
        total = self._clock() - begin
        return Timing(usage["prompt_tokens"], usage["completion_tokens"], seen[0] - begin, total)

    def side_by_side(self, chats: Sequence[Chat], new_tokens: int) -> float:
        def one(chat: Chat) -> int:
            return self._complete(chat, new_tokens, lambda: None)["completion_tokens"]

        return _together(one, chats, self._clock)

    def _complete(
        self, chat: Chat, new_tokens: int, on_piece: Callable[[], None]
    ) -> dict[str, int]:
        pieces: list[dict[str, dict[str, int]]] = []

        def take(piece: dict[str, dict[str, int]]) -> bool:
            on_piece()
            pieces.append(piece)
            return False  # go on

        request = {
            "prompt": self._tokenizer.encode_chat(chat),
            "max_tokens": new_tokens,
            "temperature": 0,
            "cache_prompt": False,
            "ignore_eos": True,
            "stream": True,
        }
        self._server.handle_completions(request, take)
        return pieces[-1]["usage"]


def median(timings: Sequence[Timing]) -> Timing:
    """Return the median of each time."""
    first = statistics.median(timing.first for timing in timings)
    rest = statistics.median(timing.total - timing.first for timing in timings)
    return replace(timings[0], first=first, total=first + rest)


def _together(one: Callable[[Chat], int], chats: Sequence[Chat], clock: Clock) -> float:
    begin = clock()
    with ThreadPoolExecutor(len(chats)) as pool:
        tokens = sum(pool.map(one, chats))
    return tokens / (clock() - begin)
