from dataclasses import replace

import pytest

from model.engine.generation import Work
from model.sampling import Sampler, Sampling
from tests.unit.model.engine.helpers import BLOCK, LONG, Gate, MakeEngine, long_prompt
from tests.unit.model.recalling_decoder import (
    SECONDS,
    RecallingDecoder,
    continuation,
    is_free,
    read,
    work,
)


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


def test_stop_string_across_guessed_tokens_ends_it_there(engine_of: MakeEngine) -> None:
    prompt = long_prompt(1)
    written = continuation(prompt, 20)
    engine = engine_of()
    guess = [prompt[-1], *written]
    stream = engine.submit(work(prompt, guesses=[guess], stop=[f" {written[1]} {written[2]}"]))
    assert read(stream) == written[:1]
    assert (stream.outcome.reason, stream.outcome.completion_tokens) == ("stop", 3)
    assert engine.statistics().counted.accepted_tokens > 0
    assert engine.statistics().blocks_kept <= (len(prompt) + 3) // BLOCK
    assert is_free(engine)


@pytest.mark.parametrize("guess", [False, True])
def test_a_seed_gives_one_text_alone_and_beside_others(engine_of: MakeEngine, guess: bool) -> None:
    def sampled(seed: int) -> Work:
        prompt = long_prompt(seed)
        guesses = [[prompt[-1], *continuation(prompt, 20)]] if guess else None
        how = Sampling(temperature=0.2, seed=seed)
        return replace(work(prompt, guesses=guesses), sampler=Sampler(how, prompt))

    alone = [read(engine_of(draft_tokens_max=0).submit(sampled(seed))) for seed in range(1, 5)]
    engine = engine_of()
    streams = [engine.submit(sampled(seed)) for seed in range(1, 5)]
    assert [read(stream) for stream in streams] == alone
    assert any(text != continuation(long_prompt(n), 20) for n, text in enumerate(alone, start=1))


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
