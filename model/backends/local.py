"""The generator that runs in this process, in torch."""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import torch

from model.allowed_tokens import allowed_tokens
from model.backends.port import FinishReason, GenerationPiece, GenerationRequest
from model.checkpoint import Checkpoint
from model.errors import PromptTooLong
from model.generation import Pace, generate_tokens
from model.gguf.unpack import unpacked_folder
from model.sampling import Sampler, Sampling
from model.settings import ModelSettings
from model.single_token_weights import use_int8_for_single_tokens
from model.text_stream import TextStream
from model.tokenizer import ChatTokenizer
from model.transformer import Decoder
from model.vocabulary import Vocabulary
from model.waiting_line import WaitingLine


class LocalGenerator:
    """Answers one request at a time; the others wait in line. Safe to share among threads."""

    def __init__(self, decoder: Decoder, tokenizer: ChatTokenizer, settings: ModelSettings) -> None:
        self._decoder = decoder
        self._tokenizer = tokenizer
        self._settings = settings
        self._line = WaitingLine(settings.waiting_requests_max)
        config = decoder.config
        self._vocabulary = Vocabulary(config.vocabulary_size, tokenizer.bytes_of, config.end_tokens)

    @classmethod
    def load(cls, path: Path, settings: ModelSettings) -> "LocalGenerator":
        """Load a GGUF file; the first time it is unpacked into a folder beside it.

        Raises:
            CheckpointError: the file cannot be used.
        """
        folder = unpacked_folder(path, getattr(torch, settings.precision))
        decoder = Decoder.from_checkpoint(Checkpoint.open(folder))
        if settings.decode_precision == "int8":
            use_int8_for_single_tokens(decoder, folder)
        return cls(decoder, ChatTokenizer.open(folder), settings)

    @property
    def name(self) -> str:
        """The known model's name."""
        return self._settings.name

    @property
    def context_tokens_max(self) -> int:
        """The smaller of the setting and the checkpoint's own limit."""
        return min(self._settings.context_tokens_max, self._decoder.config.context_tokens_max)

    @property
    def enforces_allowed(self) -> bool:
        """It can: the masks are made here."""
        return True

    def count_tokens(self, text: str) -> int:
        """Count the tokens of plain text."""
        return len(self._tokenizer.encode(text))

    def generate(
        self, request: GenerationRequest, cancelled: threading.Event | None = None
    ) -> Iterator[GenerationPiece]:
        """Stream the answer; see `Generator.generate`. Errors come with the first piece."""
        cancelled = cancelled or threading.Event()
        prompt = self._tokenizer.encode_chat(request.messages)
        if len(prompt) >= self.context_tokens_max:
            raise PromptTooLong(len(prompt), self.context_tokens_max)
        with self._line.turn(cancelled):
            yield from self._answer(request, prompt, cancelled)

    def _answer(
        self, request: GenerationRequest, prompt: list[int], cancelled: threading.Event
    ) -> Iterator[GenerationPiece]:
        text = TextStream(request.stop)
        reason: FinishReason = "length"
        count = 0
        with closing(self._tokens(request, prompt, cancelled)) as tokens:
            for token in tokens:
                if token in self._decoder.config.end_tokens:
                    reason = "stop"
                    break
                count += 1
                if certain := text.feed(self._tokenizer.bytes_of(token)):
                    yield GenerationPiece(certain)
                if text.stopped:
                    reason = "stop"
                    break
        if reason != "stop" and cancelled.is_set():
            reason = "cancelled"
        yield GenerationPiece(text.finish(), reason, len(prompt), count)

    def _tokens(
        self, request: GenerationRequest, prompt: list[int], cancelled: threading.Event
    ) -> Generator[int]:
        settings = self._settings
        return generate_tokens(
            self._decoder,
            prompt,
            new_tokens_max=min(request.new_tokens_max, self.context_tokens_max - len(prompt)),
            sampler=self._sampler(request, prompt),
            pace=Pace(
                settings.prefill_piece_tokens, settings.prefill_threads, settings.decode_threads
            ),
            cancelled=cancelled,
        )

    def _sampler(self, request: GenerationRequest, prompt: list[int]) -> Sampler:
        allowed = allowed_tokens(request.allowed, self._vocabulary) if request.allowed else None
        return Sampler(Sampling.of(request, self._settings.top_p), prompt, allowed)
