"""The generator that runs in this process, in torch."""

import threading
from collections.abc import Iterator
from pathlib import Path

from model.allowed_tokens import allowed_tokens
from model.backends.port import GenerationPiece, GenerationRequest
from model.decoder_loading import load_decoder
from model.engine.engine import Engine
from model.engine.generation import Work
from model.engine.statistics import EngineStatistics
from model.engine.stream import Outcome
from model.expert_cache.cache import CacheStatistics, ExpertCache
from model.progress import Progress, unreported
from model.sampling import Sampler, Sampling
from model.settings import ModelSettings
from model.speculation import PromptLookup
from model.text_stream import TextStream
from model.tokenizer import ChatTokenizer
from model.transformer import Decoder
from model.tuning.prompt import REFUSAL
from model.vocabulary import Vocabulary


class LocalGenerator:
    """An engine with words: messages in, text out. Safe to share among threads."""

    def __init__(
        self,
        decoder: Decoder,
        tokenizer: ChatTokenizer,
        settings: ModelSettings,
        refusal_bias: float = 0.0,
        *,
        expert_cache: ExpertCache | None = None,
        why_no_kernels: str | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        refusal = tokenizer.encode(REFUSAL)[0]
        self._opening_bias = {refusal: refusal_bias} if refusal_bias else {}
        self._settings = settings
        self._expert_cache = expert_cache
        self.why_no_kernels = why_no_kernels
        self._engine = Engine(decoder, settings)
        config = decoder.config
        self._vocabulary = Vocabulary(config.vocabulary_size, tokenizer.bytes_of, config.end_tokens)

    @classmethod
    def load(
        cls, path: Path, settings: ModelSettings, progress: Progress = unreported
    ) -> "LocalGenerator":
        """Load a GGUF file; the first time it is unpacked into a folder beside it.

        Raises:
            CheckpointError: the file cannot be used.
        """
        loaded = load_decoder(path, settings, progress)
        tokenizer = ChatTokenizer.open(loaded.folder)
        return cls(
            loaded.decoder,
            tokenizer,
            settings,
            loaded.refusal_bias,
            expert_cache=loaded.expert_cache,
            why_no_kernels=loaded.why_no_kernels,
        )

    @property
    def name(self) -> str:
        """The known model's name."""
        return self._settings.name

    @property
    def context_tokens_max(self) -> int:
        """The smallest of the setting, the checkpoint's own limit and the cache."""
        return self._engine.context_tokens_max

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
        stream = self._engine.submit(self._work(request, cancelled or threading.Event()))
        try:
            for text in stream.pieces():
                yield GenerationPiece(text)
            yield _last_piece(stream.outcome)
        finally:
            stream.abandon()

    def forget(self, tenant: str) -> None:
        """Keep nothing of what a tenant's requests held; see `Engine.forget`."""
        self._engine.forget(tenant)

    def statistics(self) -> EngineStatistics:
        """Return what the engine holds and has done."""
        return self._engine.statistics()

    def expert_statistics(self) -> CacheStatistics | None:
        """Return how experts were found, None when all of them are in memory."""
        return self._expert_cache.statistics if self._expert_cache else None

    def close(self) -> None:
        """End all answers with an error, and the engine's thread."""
        self._engine.close()

    def _work(self, request: GenerationRequest, cancelled: threading.Event) -> Work:
        prompt = self._tokenizer.encode_chat(request.messages)
        return Work(
            prompt,
            request.new_tokens_max,
            self._sampler(request, prompt),
            TextStream(request.stop),
            self._tokenizer.bytes_of,
            lookup=self._lookup(request, prompt),
            tenant=request.tenant,
            deadline_seconds=request.deadline_seconds,
            cancelled=cancelled,
        )

    def _lookup(self, request: GenerationRequest, prompt: list[int]) -> PromptLookup | None:
        if self._settings.draft_tokens_max == 0:
            return None
        return PromptLookup(prompt, [self._tokenizer.encode(text) for text in request.drafts])

    def _sampler(self, request: GenerationRequest, prompt: list[int]) -> Sampler:
        allowed = allowed_tokens(request.allowed, self._vocabulary) if request.allowed else None
        how = Sampling.of(request, self._settings.top_p)
        return Sampler(how, prompt, allowed, self._opening_bias)


def _last_piece(outcome: Outcome) -> GenerationPiece:
    return GenerationPiece(
        "",
        outcome.reason,
        outcome.prompt_tokens,
        outcome.completion_tokens,
        outcome.cached_prompt_tokens,
    )
