"""How requests end: those who leave, those without room, those that fail."""

import threading
from contextlib import suppress
from dataclasses import replace

import pytest
import torch

from model.engine.stream import PIECES_MAX, AnswerStream
from model.errors import (
    GenerationFailed,
    GeneratorBusy,
    GeneratorClosed,
    ModelError,
    OutOfMemory,
    PromptTooLong,
)
from model.step import Step
from tests.unit.model.engine.helpers import LONG, Gate, MakeEngine, long_prompt
from tests.unit.model.recalling_decoder import (
    SECONDS,
    RecallingDecoder,
    continuation,
    eventually,
    is_free,
    read,
    work,
)


class TestLeaving:
    def test_closing_a_stream_frees_its_blocks(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, gate = engine_of(), Gate(decoder)
        stream = engine.submit(work(long_prompt(1), 500))
        gate.open(5)
        next(stream.pieces())
        assert engine.statistics().blocks_held > 0
        stream.abandon()
        gate.open()
        eventually(lambda: is_free(engine))
        assert len(decoder.steps) <= 7

    @pytest.mark.parametrize("steps", [0, 1, 2, 3, 4, 5])
    def test_whenever_its_reader_leaves_its_blocks_are_free(
        self, engine_of: MakeEngine, decoder: RecallingDecoder, steps: int
    ) -> None:
        """Three steps read the prompt; then whole runs of guesses are checked at once."""
        prompt = next(p for n in range(1, 99) if len(continuation(p := [n, *LONG], 90)) == 90)
        engine, gate = engine_of(), Gate(decoder)
        guess = [prompt[-1], *continuation(prompt, 90)]
        stream = engine.submit(work(prompt, 90, [guess]))
        for _ in range(steps):
            assert gate.waiting.wait(SECONDS)
            gate.open(1)
        assert gate.waiting.wait(SECONDS)
        assert engine.statistics().blocks_held > 0
        stream.abandon()
        gate.open()
        eventually(lambda: is_free(engine))
        assert len(decoder.steps) == steps + 1

    def test_deadline_that_passes_while_it_waits(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        now = [0.0]
        engine, gate = engine_of(running_requests_max=1, clock=lambda: now[0]), Gate(decoder)
        running = engine.submit(work(long_prompt(1)))
        waiting = engine.submit(work([1], deadline_seconds=30))
        assert gate.waiting.wait(SECONDS)
        now[0] = 30.0
        gate.open()
        assert read(waiting) == []
        assert waiting.outcome.reason == "deadline"
        assert len(read(running)) == 20
        assert decoder.computed == 30 + 19

    def test_cancelled_while_it_runs(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, cancelled = engine_of(), threading.Event()
        decoder.before_step = lambda step: cancelled.set() if len(decoder.steps) == 4 else None
        stream = engine.submit(work(long_prompt(1), cancelled=cancelled))
        assert len(read(stream)) == 4
        assert stream.outcome.reason == "cancelled"
        assert is_free(engine)

    def test_cancelled_while_it_waits(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, gate = engine_of(running_requests_max=1), Gate(decoder)
        running = engine.submit(work(long_prompt(1)))
        cancelled = threading.Event()
        waiting = engine.submit(work([1], cancelled=cancelled))
        cancelled.set()
        gate.open()
        assert read(waiting) == []
        assert waiting.outcome.reason == "cancelled"
        assert len(read(running)) == 20

    def test_deadline_ends_it_where_it_is(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        prompt = long_prompt(1)
        late = threading.Event()
        decoder.before_step = lambda step: len(decoder.steps) < 4 or late.wait(0.3)
        stream = engine_of().submit(work(prompt, deadline_seconds=0.2))
        written = read(stream)
        assert stream.outcome.reason == "deadline"
        assert written == continuation(prompt, len(written))
        assert len(written) < 20

    def test_reader_that_does_not_read_holds_up_nobody(self, engine_of: MakeEngine) -> None:
        prompt = next(p for n in range(1, 200) if len(continuation(p := [n, 9], 200)) == 200)
        engine = engine_of(running_requests_max=1)
        idle = engine.submit(work(prompt, 200))
        eventually(lambda: idle.is_full)
        other = long_prompt(2)
        assert read(engine.submit(work(other))) == continuation(other, 20)
        assert engine.statistics().running == 1
        assert engine.statistics().counted.written_tokens <= PIECES_MAX + 30
        assert read(idle) == continuation(prompt, 200)


class TestRoom:
    def test_too_many_waiting_are_refused(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine = engine_of(running_requests_max=1, waiting_requests_max=2)
        gate = Gate(decoder)
        streams = [engine.submit(work([1])) for _ in range(3)]
        with pytest.raises(GeneratorBusy, match="2 requests wait"):
            engine.submit(work([1]))
        gate.open()
        for stream in streams:
            assert read(stream) == continuation([1], 20)

    def test_one_tenant_does_not_fill_the_line(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine = engine_of(running_requests_max=1, waiting_requests_per_tenant_max=1)
        gate = Gate(decoder)
        streams = [engine.submit(work([1], tenant="a")) for _ in range(2)]
        with pytest.raises(GeneratorBusy):
            engine.submit(work([1], tenant="a"))
        streams.append(engine.submit(work([1], tenant="b")))
        gate.open()
        for stream in streams:
            read(stream)

    def test_tenants_take_turns(self, engine_of: MakeEngine, decoder: RecallingDecoder) -> None:
        engine, gate = engine_of(running_requests_max=1), Gate(decoder)
        wrote: dict[str, int] = {}

        def submit(name: str, prompt: list[int]) -> AnswerStream:
            def write(token: int) -> bytes:
                wrote[name] = wrote.get(name, 0) + 1
                return b"%d " % token

            return engine.submit(replace(work(prompt, 5, tenant=name[0]), bytes_of=write))

        streams = [submit(f"a{number}", long_prompt(1)) for number in range(4)]
        assert gate.waiting.wait(SECONDS)
        streams += [submit(f"b{number}", long_prompt(2)) for number in range(2)]
        gate.open()
        for stream in streams:
            read(stream)
        assert [name[0] for name in wrote].index("b") < 2
        assert set(wrote.values()) == {5}
        assert len(wrote) == 6

    def test_full_cache_lets_the_next_wait(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, gate = engine_of(blocks=20), Gate(decoder)
        prompts = [long_prompt(first, 30) for first in (1, 2, 3, 4)]
        streams = [engine.submit(work(prompt, 20, tenant=str(prompt[0]))) for prompt in prompts]
        gate.open(1)
        eventually(lambda: bool(decoder.steps))
        assert engine.statistics().running == 1
        assert engine.statistics().waiting == 3
        gate.open()
        assert [read(stream) for stream in streams] == [continuation(p, 20) for p in prompts]
        assert is_free(engine)

    def test_prompt_that_can_never_fit_names_the_setting(self, engine_of: MakeEngine) -> None:
        with pytest.raises(PromptTooLong, match=r"within 40 \(kv_cache_bytes_max\)"):
            engine_of(blocks=10).submit(work(LONG))
        with pytest.raises(PromptTooLong, match=r"within 12 \(context_tokens_max\)"):
            engine_of(context_tokens_max=12).submit(work(LONG))
        with pytest.raises(PromptTooLong, match=r"within 1000 \(the model's own limit\)"):
            engine_of(blocks=1000).submit(work([1] * 1000))

    def test_answer_stays_within_the_context(self, engine_of: MakeEngine) -> None:
        prompt = long_prompt(1)
        stream = engine_of(context_tokens_max=len(prompt) + 3).submit(work(prompt))
        assert read(stream) == continuation(prompt, 3)
        assert stream.outcome.reason == "length"


def fail_once(decoder: RecallingDecoder, at: int, error: Exception) -> None:
    def before(step: Step) -> None:
        if len(decoder.steps) == at:
            decoder.before_step = lambda step: None
            raise error

    decoder.before_step = before


class TestFailure:
    def test_failing_step_fails_its_requests_only(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine = engine_of()
        fail_once(decoder, 3, ValueError("wrong shape"))
        with pytest.raises(GenerationFailed, match="ValueError") as failure:
            read(engine.submit(work(LONG)))
        assert isinstance(failure.value.__cause__, ValueError)
        assert is_free(engine)
        assert read(engine.submit(work(LONG))) == continuation(LONG, 20)

    @pytest.mark.parametrize(
        "error",
        [
            MemoryError(),
            torch.OutOfMemoryError("CUDA out of memory"),
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
        ],
    )
    def test_short_memory_fails_the_largest_only(
        self, engine_of: MakeEngine, decoder: RecallingDecoder, error: Exception
    ) -> None:
        engine, gate = engine_of(), Gate(decoder)
        small_prompt = long_prompt(3, 5)
        small = engine.submit(work(small_prompt))
        assert gate.waiting.wait(SECONDS)
        large = engine.submit(work(LONG))
        fail_once(decoder, 2, error)
        gate.open()
        with pytest.raises(OutOfMemory, match="kv_cache_bytes_max"):
            read(large)
        assert read(small) == continuation(small_prompt, 20)
        assert is_free(engine)

    def test_failing_sampler_fails_its_request_only(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, gate = engine_of(), Gate(decoder)
        wanted = work(long_prompt(1))
        with suppress(AttributeError):
            wanted.sampler.choose = None  # type: ignore[assignment,method-assign]
        broken, sound = engine.submit(wanted), engine.submit(work(long_prompt(2)))
        gate.open()
        with pytest.raises(GenerationFailed):
            read(broken)
        assert len(read(sound)) == 20

    def test_dead_engine_leaves_nobody_waiting(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, gate = engine_of(running_requests_max=1), Gate(decoder)
        streams = [engine.submit(work(long_prompt(1))) for _ in range(2)]
        assert gate.waiting.wait(SECONDS)
        engine._scheduler.settle = None  # type: ignore[assignment,method-assign]
        gate.open()
        for stream in streams:
            with pytest.raises(GenerationFailed):
                read(stream)
        with pytest.raises(GenerationFailed):
            engine.submit(work([1]))

    def test_close_ends_everything(self, engine_of: MakeEngine, decoder: RecallingDecoder) -> None:
        before = set(threading.enumerate())
        engine, gate = engine_of(running_requests_max=1), Gate(decoder)
        streams = [engine.submit(work(long_prompt(1))) for _ in range(2)]
        assert gate.waiting.wait(SECONDS)
        assert {thread.name for thread in set(threading.enumerate()) - before} == {"engine"}
        gate.open()
        engine.close()
        for stream in streams:
            with suppress(GeneratorClosed):
                read(stream)
        assert is_free(engine)
        assert set(threading.enumerate()) <= before
        with pytest.raises(GeneratorClosed):
            engine.submit(work([1]))
        engine.close()

    def test_close_before_the_first_request(self, engine_of: MakeEngine) -> None:
        engine_of().close()


def test_errors_have_status_and_code() -> None:
    errors: list[type[ModelError]] = [GenerationFailed, OutOfMemory, GeneratorClosed]
    assert len({error.code for error in errors}) == len(errors)
