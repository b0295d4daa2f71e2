"""Decides who gets a place, and what the next step computes.

Every step carries one token (and maybe drafts) of each answer that is being written, and a piece of
a prompt that is being read: so a long prompt never stops the others for longer than one step.
Places and pieces go to the tenant that has had the fewest tokens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.engine.generation import Generation
from model.engine.paged_cache import PagedCache
from model.engine.statistics import Counters
from model.engine.tables import Clock
from model.engine.turns import Turns
from model.engine.waiting import Waiting
from model.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Share:
    """What a step computes of one request: some pending tokens, and drafts after the last one."""

    generation: Generation
    count: int
    chooses: bool
    """Whether these are all that is pending, so that the next token is chosen after the step."""
    drafts: Sequence[int] = ()

    @property
    def size(self) -> int:
        """Return the tokens it adds to the step."""
        return self.count + len(self.drafts)


class Scheduler:
    """All requests that wait or run. Not safe to share among threads."""

    def __init__(self, cache: PagedCache, settings: ModelSettings, clock: Clock) -> None:
        self.waiting = Waiting(
            settings.waiting_requests_max, settings.waiting_requests_per_tenant_max
        )
        self.running: list[Generation] = []
        self.counters = Counters()
        self._cache = cache
        self._turns = Turns()
        self._settings = settings
        self._clock = clock

    @property
    def present(self) -> list[Generation]:
        """All requests that have not ended."""
        return [*self.waiting, *self.running]

    def submit(self, generation: Generation) -> None:
        """Let a request wait for a place.

        Raises:
            GeneratorBusy: too many wait already.
        """
        free = self._settings.running_requests_max - len(self._active())
        self.waiting.check_room(generation.tenant, max(0, free))
        tenants = {other.tenant for other in self.present}
        if generation.tenant not in tenants:
            self._turns.join(generation.tenant, tenants)
        self.waiting.add(generation)

    def next_step(self) -> list[Share]:
        """Give out places and say what to compute next; nothing if all wait for their readers."""
        self._admit()
        active = self._active()[: self._settings.running_requests_max]
        writing = [generation for generation in active if generation.pending == 1]
        shares = list(self._written(writing))
        shares += self._read([g for g in active if g.pending > 1], beside_writing=bool(writing))
        for share in shares:
            self._turns.charge(share.generation.tenant, share.size)
        self.counters.steps += bool(shares)
        return shares

    def settle(self, share: Share, computed: int) -> None:
        """Take in that a share's request is computed up to there; end it if that was all."""
        generation = share.generation
        self._count(share, computed)
        # A stop string may end it before guesses that are computed and right, but not its text.
        generation.computed = min(computed, len(generation.tokens))
        self._cache.tables.advance(generation.sequence, generation.tokens, generation.computed)
        if generation.reason is not None:
            self._end(generation)

    def end_unwanted(self) -> None:
        """End those that were cancelled, whose reader is gone or whose time is up."""
        now = self._clock()
        for generation in self.present:
            if generation.is_over(now):
                self._end(generation)

    def fail(self, generation: Generation, error: Exception) -> None:
        """End a request with an error."""
        self._remove(generation)
        generation.stream.end(error)

    def _end(self, generation: Generation) -> None:
        self._remove(generation)
        generation.finish()

    def _remove(self, generation: Generation) -> None:
        if generation.handle is None:
            self.waiting.remove(generation)
        else:
            self.running.remove(generation)
            self._cache.tables.close(generation.handle)

    def _active(self) -> list[Generation]:
        """Those that run, without those whose readers have fallen behind."""
        return [generation for generation in self.running if not generation.stream.is_full]

    def _admit(self) -> None:
        free = self._settings.running_requests_max - len(self._active())
        while free > 0 and (first := self.waiting.first(self._turns)) is not None:
            handle = self._cache.open(first.tenant, first.tokens, first.tokens_max)
            if handle is None:  # who comes next waits too, or a large request would wait for ever
                return
            self.waiting.remove(first)
            first.handle = handle
            self.running.append(first)
            free -= 1

    def _written(self, writing: Sequence[Generation]) -> Iterator[Share]:
        for generation in writing:
            drafts = generation.drafts(others=len(writing) - 1)
            yield Share(generation, 1, chooses=True, drafts=drafts)

    def _read(self, reading: Sequence[Generation], *, beside_writing: bool) -> Iterator[Share]:
        settings = self._settings
        room = (
            settings.prefill_piece_tokens_beside_writing
            if beside_writing
            else settings.prefill_piece_tokens
        )
        for generation in sorted(reading, key=lambda g: self._turns.had(g.tenant)):
            if room == 0:
                return
            self._adopt(generation)
            count = min(room, generation.pending)
            yield Share(generation, count, chooses=count == generation.pending)
            room -= count

    def _adopt(self, generation: Generation) -> None:
        """Skip what is computed already: found in the cache, or by another request meanwhile."""
        computed = self._cache.adopt(generation.sequence, generation.tokens)
        generation.cached_prompt_tokens += computed - generation.computed
        self.counters.cached_prompt_tokens += computed - generation.computed
        generation.computed = computed

    def _count(self, share: Share, computed: int) -> None:
        accepted = computed - share.generation.computed - share.count
        self.counters.computed_tokens += share.size
        self.counters.drafted_tokens += len(share.drafts)
        self.counters.accepted_tokens += accepted
        self.counters.written_tokens += accepted + 1 if share.chooses else 0
