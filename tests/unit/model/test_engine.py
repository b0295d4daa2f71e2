import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import torch

from model.engine.engine import Engine
from model.engine.stream import PIECES_MAX
from model.errors import (
    GenerationFailed,
    GeneratorBusy,
    GeneratorClosed,
    ModelError,
    OutOfMemory,
    PromptTooLong,
)
from model.settings import ModelSettings
from model.step import Step
from tests.unit.model.recalling_decoder import (
    BYTES_PER_TOKEN,
    SECONDS,
    RecallingDecoder,
    continuation,
    eventually,
    is_free,
    read,
    work,
)

BLOCK = 4
LONG = [*range(1, 41)]
MakeEngine = Callable[..., Engine]


@pytest.fixture
def decoder() -> RecallingDecoder:
    return RecallingDecoder()


@pytest.fixture
def engine_of(decoder: RecallingDecoder) -> Iterator[MakeEngine]:
    engines = []

    def make(blocks: int = 100, **settings: object) -> Engine:
        defaults = {
            "kv_block_tokens": BLOCK,
            "kv_cache_bytes_max": blocks * BLOCK * BYTES_PER_TOKEN,
            "prefill_piece_tokens": 16,
            "prefill_piece_tokens_beside_writing": 8,
        }
        engines.append(Engine(decoder, ModelSettings(**(defaults | settings))))  # type: ignore[arg-type]
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


class Gate:
    """Holds the decoder before each step until told how many may pass."""

    def __init__(self, decoder: RecallingDecoder) -> None:
        self._passes = threading.Semaphore(0)
        self.waiting = threading.Event()
        decoder.before_step = self._before_step

    def open(self, steps: int = 10_000) -> None:
        self.waiting.clear()
        self._passes.release(steps)

    def _before_step(self, step: Step) -> None:
        self.waiting.set()
        assert self._passes.acquire(timeout=SECONDS)


def long_prompt(first: int, count: int = 30) -> list[int]:
    """A prompt that goes on for at least twenty tokens, so that nothing ends too early."""
    for last in range(1, 50):
        prompt = [first, *range(2, count), last]
        if len(continuation(prompt, 20)) == 20:
            return prompt
    raise AssertionError("there is none")


def test_writes_what_the_decoder_says(engine_of: MakeEngine) -> None:
    engine, prompt = engine_of(), long_prompt(1)
    stream = engine.submit(work(prompt))
    assert read(stream) == continuation(prompt, 20)
    assert stream.outcome.reason == "length"
    assert (stream.outcome.prompt_tokens, stream.outcome.completion_tokens) == (len(prompt), 20)
    assert is_free(engine)


def test_end_token_ends_it_and_is_not_written(engine_of: MakeEngine) -> None:
    prompt = next([7, n] for n in range(200) if 5 < len(continuation([7, n], 100)) < 90)
    stream = engine_of().submit(work(prompt, 100))
    assert read(stream) == continuation(prompt, 100)
    assert stream.outcome.reason == "stop"


def test_stop_string_ends_it(engine_of: MakeEngine, decoder: RecallingDecoder) -> None:
    prompt = long_prompt(1)
    written = continuation(prompt, 20)
    stream = engine_of().submit(work(prompt, stop=[f" {written[4]} {written[5]}"]))
    assert read(stream) == written[:4]
    assert stream.outcome.reason == "stop"
    assert decoder.computed == len(prompt) + 5


def test_prompt_is_read_in_pieces(engine_of: MakeEngine, decoder: RecallingDecoder) -> None:
    read(engine_of().submit(work(LONG, 2)))
    assert [span.count for (span,) in decoder.steps] == [16, 16, 8, 1]


@pytest.mark.parametrize("guess", [False, True])
def test_many_at_once_write_what_each_writes_alone(
    engine_of: MakeEngine, decoder: RecallingDecoder, guess: bool
) -> None:
    engine = engine_of()
    prompts = [long_prompt(first, 10 + 7 * first) for first in range(1, 8)]
    gate = Gate(decoder)
    streams = [
        engine.submit(work(p, guesses=[continuation(p, 20)] if guess else None)) for p in prompts
    ]
    gate.open()
    assert [read(stream) for stream in streams] == [continuation(p, 20) for p in prompts]
    assert max(map(len, decoder.steps)) > (1 if guess else 3)
    assert is_free(engine)


def test_long_prompt_does_not_stall_who_writes(
    engine_of: MakeEngine, decoder: RecallingDecoder
) -> None:
    engine, gate = engine_of(), Gate(decoder)
    first = engine.submit(work(long_prompt(5, 10)))
    assert gate.waiting.wait(SECONDS)
    second = engine.submit(work(LONG, 5))
    gate.open()
    read(first)
    read(second)
    beside = [spans for spans in decoder.steps if len(spans) == 2][:5]
    assert [[span.count for span in spans] for spans in beside] == [[1, 8]] * 5


class TestPrefix:
    def test_second_question_computes_only_what_differs(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine = engine_of()
        read(engine.submit(work([*LONG, 5, 6], 3)))
        before = decoder.computed
        other = [*LONG, 7, 8, 9]
        stream = engine.submit(work(other, 3))
        assert read(stream) == continuation(other, 3)
        assert stream.outcome.cached_prompt_tokens == 40
        assert decoder.computed - before == 3 + 2

    def test_same_prompt_again_computes_its_last_block(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine = engine_of()
        for cached in (0, 36):
            stream = engine.submit(work(LONG, 3))
            assert read(stream) == continuation(LONG, 3)
            assert stream.outcome.cached_prompt_tokens == cached

    def test_no_other_tenant_finds_it(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine = engine_of()
        read(engine.submit(work(LONG, 1, tenant="a")))
        stream = engine.submit(work(LONG, 1, tenant="b"))
        assert read(stream) == continuation(LONG, 1)
        assert stream.outcome.cached_prompt_tokens == 0
        assert decoder.computed == 2 * len(LONG)

    def test_nobody_finds_it_once_forgotten(self, engine_of: MakeEngine) -> None:
        engine = engine_of()
        for tenant in "ab":
            read(engine.submit(work(LONG, 1, tenant=tenant)))
        engine.forget("a")
        assert engine.statistics().blocks_kept == len(LONG) // BLOCK
        for tenant, cached in (("a", 0), ("b", 36)):
            stream = engine.submit(work(LONG, 1, tenant=tenant))
            read(stream)
            assert stream.outcome.cached_prompt_tokens == cached

    def test_what_runs_while_it_is_forgotten_is_not_found_either(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, gate = engine_of(), Gate(decoder)
        running = engine.submit(work(LONG, 2, tenant="a"))
        assert gate.waiting.wait(SECONDS)
        engine.forget("a")
        gate.open()
        assert read(running) == continuation(LONG, 2)
        assert engine.statistics().blocks_kept == 0

    def test_two_that_come_together_compute_it_once(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, gate = engine_of(), Gate(decoder)
        prompts = [[*LONG, n, n + 1] for n in (3, 20)]
        streams = [engine.submit(work(prompt, 3)) for prompt in prompts]
        gate.open()
        assert [read(stream) for stream in streams] == [continuation(p, 3) for p in prompts]
        # The last piece of the first has room for some tokens of the second.
        assert sorted(stream.outcome.cached_prompt_tokens for stream in streams) == [0, 32]


class TestSpeculation:
    def test_right_guesses_save_steps(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        engine, prompt = engine_of(), long_prompt(1, 10)
        written = continuation(prompt, 20)
        assert read(engine.submit(work(prompt, guesses=[prompt[-1:] + written]))) == written
        assert len(decoder.steps) < 8
        counted = engine.statistics().counted
        assert 0 < counted.accepted_tokens <= counted.drafted_tokens

    def test_wrong_guesses_change_nothing(
        self, engine_of: MakeEngine, decoder: RecallingDecoder
    ) -> None:
        prompt = long_prompt(1, 10)
        written = continuation(prompt, 20)
        wrong = [token if place % 4 else 1 for place, token in enumerate(written)]
        engine = engine_of()
        assert read(engine.submit(work(prompt, guesses=[prompt[-1:] + wrong]))) == written
        counted = engine.statistics().counted
        assert counted.accepted_tokens < counted.drafted_tokens
        again = engine.submit(work([*prompt, *written, 5], 5))
        assert read(again) == continuation([*prompt, *written, 5], 5)
        assert again.outcome.cached_prompt_tokens > len(prompt)


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
        ended: list[str] = []

        def follow(tenant: str, prompt: list[int]) -> threading.Thread:
            stream = engine.submit(work(prompt, 5, tenant=tenant))
            thread = threading.Thread(target=lambda: (read(stream), ended.append(tenant)))
            thread.start()
            return thread

        threads = [follow("a", long_prompt(1)) for _ in range(4)]
        assert gate.waiting.wait(SECONDS)
        threads += [follow("b", long_prompt(2)) for _ in range(2)]
        gate.open()
        for thread in threads:
            thread.join(SECONDS)
        assert ended.index("b") < 2
        assert sorted(ended) == list("aaaabb")

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
        engine, gate = engine_of(running_requests_max=1), Gate(decoder)
        streams = [engine.submit(work(long_prompt(1))) for _ in range(2)]
        assert gate.waiting.wait(SECONDS)
        gate.open()
        engine.close()
        for stream in streams:
            with suppress(GeneratorClosed):
                read(stream)
        assert is_free(engine)
        assert "engine" not in {thread.name for thread in threading.enumerate()}
        with pytest.raises(GeneratorClosed):
            engine.submit(work([1]))
        engine.close()

    def test_close_before_the_first_request(self, engine_of: MakeEngine) -> None:
        engine_of().close()


def test_errors_have_status_and_code() -> None:
    errors: list[type[ModelError]] = [GenerationFailed, OutOfMemory, GeneratorClosed]
    assert len({error.code for error in errors}) == len(errors)
