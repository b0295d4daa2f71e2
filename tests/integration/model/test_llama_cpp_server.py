"""The server adapter against a real server: llama.cpp's, with the default model's real weights."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.backends.openai_server import OpenAIServerGenerator
from model.backends.port import GenerationRequest, Generator, Message
from model.errors import ModelServerRefused
from model.settings import ModelServerSettings, ModelSettings
from model.tokenizer import ChatTokenizer
from tests.unit.model.generator_conformance import GeneratorConformance, ask, text_of

pytestmark = [pytest.mark.models, pytest.mark.xdist_group("llama.cpp")]

KEY = "a-key-for-tests"
CONTEXT_TOKENS = 256
PARIS = "France's capital is Paris. 法国的首都是巴黎。"


@pytest.fixture(scope="module")
def url(gguf_path: Path) -> Iterator[str]:
    script = Path(__file__).with_name("llama_cpp_server.py")
    command = [sys.executable, script, gguf_path, KEY, str(CONTEXT_TOKENS), "4"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip() + "/v1"
        process.kill()


def connect(url: str, key: str = KEY) -> OpenAIServerGenerator:
    server = ModelServerSettings(url=url, api_key=key, first_token_seconds_max=600)
    return OpenAIServerGenerator(ModelSettings(name="served", backend="openai", server=server))


@pytest.fixture
def generator(url: str) -> Iterator[Generator]:
    generator = connect(url)
    yield generator
    generator.close()


class TestLlamaCppServer(GeneratorConformance):
    """Inherits the suite that the local generator passes too."""


def test_answers_from_the_prompt(generator: Generator) -> None:
    question = [Message("user", f"{PARIS} What is the capital of France? One word.")]
    pieces = list(generator.generate(GenerationRequest(question, 8)))
    assert "Paris" in text_of(pieces)
    assert pieces[-1].finish_reason == "stop"


def test_the_server_says_how_much_fits(generator: Generator) -> None:
    assert generator.context_tokens_max == CONTEXT_TOKENS


def test_the_server_counts_as_our_tokenizer(generator: Generator, folder: Path) -> None:
    ours = ChatTokenizer.open(folder)
    assert generator.count_tokens(PARIS) == len(ours.encode(PARIS))


def test_prompt_is_found_in_the_server_s_cache(generator: Generator) -> None:
    list(generator.generate(ask(new_tokens_max=1)))
    again = list(generator.generate(ask(new_tokens_max=1)))[-1]
    assert 0 < again.cached_prompt_tokens <= again.prompt_tokens


def test_wrong_key(url: str) -> None:
    generator = connect(url, "another key")
    with pytest.raises(ModelServerRefused, match=r"status 401: check the setting server\.api_key"):
        list(generator.generate(ask()))
    generator.close()
