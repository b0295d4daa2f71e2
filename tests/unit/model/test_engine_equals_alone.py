"""What the engine writes with a real decoder is what plain, uncached, unbatched decoding writes."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
import torch

from model.engine.engine import Engine
from model.engine.generation import Generation
from model.engine.paged_cache import PagedCache
from model.engine.scheduler import Scheduler
from model.engine.stepper import Stepper
from model.engine.stream import AnswerStream
from model.settings import ModelSettings
from model.speculation import DraftLength
from model.step import Step
from model.transformer import Decoder
from tests.unit.model.recalling_decoder import read, work

COUNT = 24
PASSAGES = [*range(3, 60), *range(20, 50)]
PROMPTS = [[*PASSAGES, 7, 5, 9], [*PASSAGES, 8, 1], [4, 4, 4], [*range(99, 30, -1)]]


def alone(decoder: Decoder, prompt: list[int]) -> list[int]:
    """Read everything anew for each token."""
    tokens = list(prompt)
    while len(tokens) < len(prompt) + COUNT:
        logits_RV = decoder(Step.of_one(tokens), decoder.new_cache(len(tokens)))
        if (token := int(logits_RV.argmax())) in decoder.config.end_tokens:
            break
        tokens.append(token)
    return tokens[len(prompt) :]


@pytest.fixture(scope="module")
def expected(decoder: Decoder) -> list[list[int]]:
    return [alone(decoder, prompt) for prompt in PROMPTS]


@pytest.fixture(params=[8, 2], ids=["all at once", "two at once"])
def engine(decoder: Decoder, request: pytest.FixtureRequest) -> Iterator[Engine]:
    settings = ModelSettings(
        running_requests_max=request.param,
        kv_cache_bytes_max=2**20,
        kv_block_tokens=8,
        prefill_piece_tokens=32,
        prefill_piece_tokens_beside_writing=11,
    )
    engine = Engine(decoder, settings)
    yield engine
    engine.close()


@pytest.mark.parametrize("guess", [False, True])
def test_together_and_again_from_the_cache(
    engine: Engine, expected: list[list[int]], guess: bool
) -> None:
    assert engine._cache.tables.pool.count < 200
    for _ in range(2):
        streams = [
            engine.submit(work(prompt, COUNT, [[*tokens[:9], 1, *tokens[10:]]] if guess else None))
            for prompt, tokens in zip(PROMPTS, expected, strict=True)
        ]
        assert [read(stream) for stream in streams] == expected
    counted = engine.statistics().counted
    assert counted.cached_prompt_tokens > 3 * len(PASSAGES)
    assert (counted.accepted_tokens > 0) == guess


def test_weights_are_float32(decoder: Decoder) -> None:
    assert decoder.dtype == torch.float32  # otherwise rounding alone may change a token


def test_a_step_stays_on_the_device_of_the_weights(decoder: Decoder) -> None:
    """On "meta", which holds no numbers, every operation that mixes devices fails."""
    elsewhere = deepcopy(decoder).to("meta")
    cache = PagedCache(
        elsewhere.config,
        elsewhere.dtype,
        elsewhere.device,
        block_tokens=8,
        bytes_max=2**20,
        keep_seconds=60,
        clock=lambda: 0.0,
    )
    scheduler = Scheduler(cache, ModelSettings(prefill_piece_tokens=32), lambda: 0.0)
    generations = [generation(prompt) for prompt in PROMPTS[:2]]
    for one in generations:
        scheduler.submit(one)
    shares = scheduler.next_step()
    stepper = Stepper(elsewhere, cache, prefill_threads=1, decode_threads=1)
    assert {rows.device.type for rows in stepper.compute(shares)} == {"meta"}
    for one in generations:
        cache.tables.advance(one.sequence, one.tokens, len(PASSAGES))
    scheduler.submit(generation(PROMPTS[0]))
    assert stepper.compute(scheduler.next_step())[-1].shape[-1] == decoder.config.vocabulary_size


def generation(prompt: list[int]) -> Generation:
    return Generation(
        work(prompt, COUNT),
        AnswerStream(lambda: None),
        deadline=1.0,
        end_tokens=(),
        draft_length=DraftLength(8, 0.1),
    )
