"""A model server of our own on loopback, and clients of it."""

from collections.abc import Iterator

import pytest

from model.backends.openai_server import OpenAIServerGenerator
from model.settings import ModelServerSettings, ModelSettings
from tests.unit.model.fake_model_server import MODEL, FakeModelServer, running
from tests.unit.model.openai_server.helpers import (
    NEVER,
    Clock,
    Make,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[FakeModelServer]:
    with running() as fake:
        fake.answers(lambda call: call.send_answer("Yes."))
        yield fake


@pytest.fixture
def make(server: FakeModelServer, clock: Clock) -> Iterator[Make]:
    made: list[OpenAIServerGenerator] = []

    def make(context_tokens_max: int = 1000, **changes: object) -> OpenAIServerGenerator:
        values = {"url": server.url, "first_token_seconds_max": NEVER, **changes}
        settings = ModelSettings(
            name=MODEL,
            backend="openai",
            context_tokens_max=context_tokens_max,
            server=ModelServerSettings(**values),
        )
        made.append(OpenAIServerGenerator(settings, clock=clock, uniform=lambda: 0.0))
        return made[-1]

    yield make
    for generator in made:
        generator.close()
