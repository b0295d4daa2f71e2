from collections.abc import Iterator

import pytest

from model.backends.local import LocalGenerator
from model.backends.openai_server import OpenAIServerGenerator
from model.backends.port import Generator
from model.settings import ModelServerSettings, ModelSettings
from model.tokenizer import ChatTokenizer
from model.transformer import Decoder
from tests.unit.model.fake_model_server import MODEL, running, serve
from tests.unit.model.generator_conformance import GeneratorConformance


@pytest.fixture
def local(decoder: Decoder, tokenizer: ChatTokenizer) -> Iterator[LocalGenerator]:
    generator = LocalGenerator(
        decoder, tokenizer, ModelSettings(name=MODEL, context_tokens_max=256)
    )
    yield generator
    generator.close()


class TestLocalGenerator(GeneratorConformance):
    @pytest.fixture
    def generator(self, local: LocalGenerator) -> Generator:
        return local


class TestOpenAIServerGenerator(GeneratorConformance):
    @pytest.fixture
    def generator(self, local: LocalGenerator) -> Iterator[Generator]:
        with running() as server:
            serve(server, local)
            settings = ModelSettings(
                name=MODEL, backend="openai", server=ModelServerSettings(url=server.url)
            )
            generator = OpenAIServerGenerator(settings)
            yield generator
            generator.close()
