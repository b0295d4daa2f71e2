"""Whatever comes and goes in whatever order, every text is right and no block is lost."""

from collections import Counter
from itertools import islice
from threading import Event

import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from model.engine.generation import Generation
from model.engine.paged_cache import PagedCache
from model.engine.scheduler import Scheduler
from model.engine.stepper import Stepper, choose
from model.engine.stream import AnswerStream, Outcome
from model.errors import GeneratorBusy
from model.settings import ModelSettings
from model.speculation import DraftLength
from tests.unit.model.recalling_decoder import (
    BYTES_PER_TOKEN,
    END,
    RecallingDecoder,
    continuation,
    work,
)

BLOCK = 4
BLOCKS = 40
SETTINGS = ModelSettings(
    running_requests_max=3,
    waiting_requests_max=4,
    prefill_piece_tokens=11,
    prefill_piece_tokens_beside_writing=5,
)
TENANTS = st.sampled_from("ab")
# Few beginnings, so that much is found in the cache.
PROMPTS = st.builds(
    lambda first, size, last: [*range(first, first + size), last],
    st.sampled_from([1, 60]),
    st.integers(0, 40),
    st.integers(1, 5),
)


class Asked:
    """One request with what its reader has got so far."""

    def __init__(self, tenant: str, prompt: list[int], count: int, right: int, now: float) -> None:
        self.expected = continuation(prompt, count)
        self.cancelled = Event()
        self.got = ""
        guess = [*prompt[-1:], *self.expected[:right], 3, *self.expected[right + 1 :]]
        self.stream = AnswerStream(lambda: None)
        self.generation = Generation(
            work(prompt, count, [guess], tenant=tenant, cancelled=self.cancelled),
            self.stream,
            deadline=now + 50,
            end_tokens=(END,),
            draft_length=DraftLength(6, 0.1),
        )

    @property
    def has_ended(self) -> bool:
        return self.stream._end is not None

    def read(self) -> None:
        self.got += "".join(islice(self.stream.pieces(), self.stream.unread))

    def check(self) -> None:
        self.read()
        tokens = [int(token) for token in self.got.split()]
        assert tokens == self.expected[: len(tokens)]
        if isinstance(self.stream._end, Outcome) and self.stream._end.reason in {"stop", "length"}:
            assert tokens == self.expected


class EngineMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        decoder = RecallingDecoder()
        self.cache = PagedCache(
            decoder.config,  # type: ignore[arg-type]
            torch.float32,
            decoder.device,
            block_tokens=BLOCK,
            bytes_max=BLOCKS * BLOCK * BYTES_PER_TOKEN,
            keep_seconds=100,
            clock=lambda: self.now,
        )
        self.scheduler = Scheduler(self.cache, SETTINGS, lambda: self.now)
        self.stepper = Stepper(decoder, self.cache, 1, 1)  # type: ignore[arg-type]
        self.asked: list[Asked] = []

    @rule(tenant=TENANTS, prompt=PROMPTS, count=st.integers(1, 90), right=st.integers(0, 90))
    def submit(self, tenant: str, prompt: list[int], count: int, right: int) -> None:
        asked = Asked(tenant, prompt, count, right, self.now)
        try:
            self.scheduler.submit(asked.generation)
        except GeneratorBusy:
            assert len(self.scheduler.waiting) >= SETTINGS.waiting_requests_max
        else:
            self.asked.append(asked)

    @rule(count=st.integers(1, 8))
    def step(self, count: int) -> None:
        for _ in range(count):
            self.scheduler.end_unwanted()
            if shares := self.scheduler.next_step():
                logits = self.stepper.compute(shares)
                for share, logits_RV in zip(shares, logits, strict=True):
                    self.scheduler.settle(share, choose(share, logits_RV))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.asked)).cancelled.set()

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.asked)).stream.abandon()

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.asked)).read()

    @precondition(lambda self: self.scheduler.present)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        self.scheduler.fail(data.draw(st.sampled_from(self.scheduler.present)), ValueError())

    @rule(tenant=TENANTS)
    def forget(self, tenant: str) -> None:
        self.cache.tables.forget(tenant)

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def every_block_is_accounted_for(self) -> None:
        tables = self.cache.tables
        open_tables = [tables[g.sequence] for g in self.scheduler.running]
        assert len(tables) == len(open_tables)
        held = Counter(block for table in open_tables for block in table.blocks)
        for block in range(BLOCKS):
            assert tables.pool.holders(block) == held[block]
            is_free = bool(tables.pool._is_free[block])
            assert is_free == (not held[block] and block not in tables.index)
        assert tables.pool.free_count == sum(tables.pool._is_free)
        kept = sum(block in tables.index and not held[block] for block in range(BLOCKS))
        assert tables.index.idle_count == kept

    @invariant()
    def nobody_writes_into_what_others_hold(self) -> None:
        for g in self.scheduler.running:
            table = self.cache.tables[g.sequence]
            for block in table.blocks[table.length // BLOCK :]:
                assert self.cache.tables.pool.holders(block) == 1
                assert block not in self.cache.tables.index

    @invariant()
    def every_text_is_right(self) -> None:
        for asked in self.asked:
            if asked.has_ended and not isinstance(asked.stream._end, Exception):
                asked.check()

    def teardown(self) -> None:
        for _ in range(1000):
            if all(asked.has_ended for asked in self.asked):
                break
            for asked in self.asked:
                if not asked.has_ended:
                    asked.read()
            self.step(1)
        assert all(asked.has_ended for asked in self.asked), "somebody waits for ever"
        self.every_block_is_accounted_for()
        for tenant in "ab":
            self.cache.tables.forget(tenant)
        assert self.cache.tables.pool.free_count == BLOCKS


EngineMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, derandomize=True
)
TestEngine = EngineMachine.TestCase
