"""Carries out a step: one pass through the decoder, then the choice of tokens.

Shapes: see config.py.
"""

from collections.abc import Sequence

import torch

from model.engine.paged_cache import PagedCache
from model.engine.scheduler import Share
from model.speculation import accept
from model.step import Span, Step
from model.transformer import Decoder


class Stepper:
    """The only one that uses the decoder, from the engine's thread."""

    def __init__(
        self, decoder: Decoder, cache: PagedCache, prefill_threads: int, decode_threads: int
    ) -> None:
        self._decoder = decoder
        self._cache = cache
        self._prefill_threads = prefill_threads
        self._decode_threads = decode_threads
        self._threads = 0

    def compute(self, shares: Sequence[Share]) -> list[torch.Tensor]:
        """Return each share's logits, RV: a row for each token to choose, none while it reads."""
        only_writes = all(share.generation.pending == 1 for share in shares)
        self._use_threads(self._decode_threads if only_writes else self._prefill_threads)
        logits_RV = self._decoder(_step(shares), self._cache)
        rows = [1 + len(share.drafts) if share.chooses else 0 for share in shares]
        return list(logits_RV.split(rows))

    def _use_threads(self, count: int) -> None:
        """Let torch use so many threads on this thread.

        A thread that uses torch for the first time later starts with this count too; that is
        torch's own doing.
        """
        if count != self._threads:
            torch.set_num_threads(count)
            self._threads = count


def choose(share: Share, logits_RV: torch.Tensor) -> int:
    """Choose and write the tokens after a share; return how many are computed now."""
    generation = share.generation
    computed = generation.computed + share.count
    if not share.chooses:
        return computed
    chosen = accept(share.drafts, logits_RV, generation.sampler)
    generation.record_drafts(len(share.drafts), len(chosen) - 1)
    for token in chosen:
        generation.write(token)
    return computed + len(chosen) - 1


def _step(shares: Sequence[Share]) -> Step:
    tokens: list[int] = []
    spans: list[Span] = []
    rows: list[int] = []
    for share in shares:
        generation = share.generation
        if share.chooses:
            last = len(tokens) + share.count - 1
            rows += range(last, last + 1 + len(share.drafts))
        end = generation.computed + share.count
        tokens += generation.tokens[generation.computed : end]
        tokens += share.drafts
        spans.append(
            Span(generation.sequence, generation.computed, share.count + len(share.drafts))
        )
    return Step(torch.tensor(tokens), tuple(spans), torch.tensor(rows, dtype=torch.int64))
