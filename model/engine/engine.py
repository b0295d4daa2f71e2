"""One thread that owns the decoder and the cache, and serves any number of others.

    engine = Engine(decoder, settings)
    stream = engine.submit(Work(prompt, new_tokens_max, sampler, text, bytes_of))
    for text in stream.pieces(): ...
    stream.outcome
    engine.close()

Each turn of its loop is one step of the decoder (continuous batching; Yu et al. 2022, Orca), with
prompts in pieces beside the answers being written (Agrawal et al. 2023, Sarathi). See
`scheduler.py` for what a step holds, `tables.py` for what is found in the cache.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

import torch

from model.engine.generation import Generation, Work
from model.engine.paged_cache import PagedCache
from model.engine.scheduler import Scheduler, Share
from model.engine.statistics import EngineStatistics
from model.engine.stepper import Stepper, choose
from model.engine.stream import AnswerStream
from model.engine.tables import Clock
from model.errors import GenerationFailed, GeneratorClosed, ModelError, OutOfMemory, PromptTooLong
from model.settings import ModelSettings
from model.speculation import DraftLength
from model.transformer import Decoder

LOOK_SECONDS = 0.05
"""How often requests that cannot go on are asked whether they are cancelled or late."""
DRAFT_ROW_COST = 0.08
"""What one more row adds to a step with one row, as a share of it.

Measured with the default model at int4: one row 49 ms, nine rows 80 ms of a loaded processor.
"""


class Engine:
    """Safe to share among threads. The thread starts with the first request and ends at `close`."""

    def __init__(self, decoder: Decoder, settings: ModelSettings, clock: Clock = monotonic) -> None:
        self._cache = PagedCache(
            decoder.config,
            decoder.dtype,
            decoder.device,
            block_tokens=settings.kv_block_tokens,
            bytes_max=settings.kv_cache_bytes_max,
            keep_seconds=settings.prefix_cache_seconds,
            clock=clock,
        )
        self._scheduler = Scheduler(self._cache, settings, clock)
        self._stepper = Stepper(
            decoder, self._cache, settings.prefill_threads, settings.decode_threads
        )
        self._config = decoder.config
        self._settings = settings
        self._clock = clock
        self._changed = threading.Condition()  # guards the scheduler, not the steps
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._stopped: ModelError | None = None

    @property
    def context_tokens_max(self) -> int:
        """Prompt and new tokens together may not exceed this."""
        return min(self._limits)

    def submit(self, work: Work) -> AnswerStream:
        """Let a request wait for its turn; from any thread, returns at once.

        Raises:
            PromptTooLong: it can never be computed.
            GeneratorBusy: too many wait already.
            GeneratorClosed, GenerationFailed: the engine has stopped.
        """
        generation = self._generation(self._within_limits(work))
        with self._changed:
            if self._stopped is not None:
                raise self._stopped
            self._scheduler.submit(generation)
            if self._thread.ident is None:
                self._thread.start()
            self._changed.notify_all()
        return generation.stream

    def forget(self, tenant: str) -> None:
        """Let nothing that was computed for a tenant until now serve its later requests.

        For when documents are deleted or erased. Memory is given back, not overwritten.
        """
        with self._changed:
            self._cache.tables.forget(tenant)

    def statistics(self) -> EngineStatistics:
        """Return the counts of this moment."""
        with self._changed:
            tables = self._cache.tables
            kept = tables.index.idle_count
            return EngineStatistics(
                running=len(self._scheduler.running),
                waiting=len(self._scheduler.waiting),
                blocks=tables.pool.count,
                blocks_held=tables.pool.count - tables.pool.free_count - kept,
                blocks_kept=kept,
                counted=replace(self._scheduler.counters),
            )

    def close(self) -> None:
        """End all requests with an error and wait for the thread to end. May be called twice."""
        with self._changed:
            self._stopped = self._stopped or GeneratorClosed()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def _limits(self) -> dict[int, str]:
        return {
            self._cache.tokens_max: "kv_cache_bytes_max",
            self._config.context_tokens_max: "the model's own limit",
            self._settings.context_tokens_max: "context_tokens_max",
        }

    def _within_limits(self, work: Work) -> Work:
        limit = self.context_tokens_max
        left = limit - len(work.prompt)
        if left <= 0:
            raise PromptTooLong(len(work.prompt), limit, self._limits[limit])
        return replace(work, new_tokens_max=min(work.new_tokens_max, left))

    def _generation(self, work: Work) -> Generation:
        seconds = work.deadline_seconds or self._settings.request_seconds_max
        return Generation(
            work,
            AnswerStream(self._wake),
            deadline=self._clock() + seconds,
            end_tokens=self._config.end_tokens,
            draft_length=DraftLength(self._settings.draft_tokens_max, DRAFT_ROW_COST),
        )

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            while shares := self._next_step():
                self._step(shares)
        except Exception as error:  # noqa: BLE001 - whatever it was, nobody may wait for ever
            self._stopped = GenerationFailed(error)
        self._fail_all()

    def _next_step(self) -> list[Share]:
        """Wait until there is something to compute; nothing once the engine has stopped."""
        with self._changed:
            while self._stopped is None:
                self._scheduler.end_unwanted()
                if shares := self._scheduler.next_step():
                    return shares
                self._changed.wait(LOOK_SECONDS if self._scheduler.present else None)
            return []

    def _step(self, shares: Sequence[Share]) -> None:
        try:
            logits = self._stepper.compute(shares)
        except Exception as error:  # noqa: BLE001 - only these requests fail, others go on
            self._fail(shares, error)
            return
        for share, logits_RV in zip(shares, logits, strict=True):
            self._choose(share, logits_RV)

    def _choose(self, share: Share, logits_RV: torch.Tensor) -> None:
        try:
            computed = choose(share, logits_RV)
        except Exception as error:  # noqa: BLE001 - only this request fails, others go on
            self._fail([share], error)
            return
        with self._changed:
            self._scheduler.settle(share, computed)

    def _fail(self, shares: Sequence[Share], error: Exception) -> None:
        """Fail the requests of a step; where memory was short, only the largest: others retry."""
        failure: ModelError = GenerationFailed(error)
        if _is_out_of_memory(error):
            failure = OutOfMemory(error)
            shares = [max(shares, key=lambda share: share.size)]
        with self._changed:
            for share in shares:
                self._scheduler.fail(share.generation, failure)

    def _fail_all(self) -> None:
        with self._changed:
            for generation in self._scheduler.present:
                self._scheduler.fail(generation, self._stopped or GeneratorClosed())


def _is_out_of_memory(error: Exception) -> bool:
    """Whether memory was short; torch says so for the CPU with a plain RuntimeError."""
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "allocate memory" in str(error)
