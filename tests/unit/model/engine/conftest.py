"""An engine on a decoder that remembers what it read."""

from collections.abc import Iterator
from time import monotonic

import pytest

from model.engine.engine import Engine
from model.engine.tables import Clock
from model.settings import ModelSettings
from tests.unit.model.engine.helpers import BLOCK, MakeEngine
from tests.unit.model.recalling_decoder import (
    BYTES_PER_TOKEN,
    RecallingDecoder,
)


@pytest.fixture
def decoder() -> RecallingDecoder:
    return RecallingDecoder()


@pytest.fixture
def engine_of(decoder: RecallingDecoder) -> Iterator[MakeEngine]:
    engines = []

    def make(blocks: int = 100, clock: Clock = monotonic, **settings: object) -> Engine:
        defaults = {
            "kv_block_tokens": BLOCK,
            "kv_cache_bytes_max": blocks * BLOCK * BYTES_PER_TOKEN,
            "prefill_piece_tokens": 16,
            "prefill_piece_tokens_beside_writing": 8,
        }
        chosen = ModelSettings(**(defaults | settings))  # type: ignore[arg-type]
        engines.append(Engine(decoder, chosen, clock))  # type: ignore[arg-type]
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()
