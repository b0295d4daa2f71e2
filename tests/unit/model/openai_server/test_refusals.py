"""What a model server refuses, says of itself, and when it is left alone for a while."""

import threading
import time

import pytest

from model.backends.port import GenerationRequest, Message
from model.errors import (
    GeneratorBusy,
    GeneratorUnavailable,
    ModelServerRefused,
    PromptTooLong,
)
from model.settings import ModelServerSettings, ModelSettings
from tests.unit.model.fake_model_server import KEY, MODEL, Call, FakeModelServer
from tests.unit.model.openai_server.helpers import (
    NEVER,
    Clock,
    Make,
    ask,
    refuse,
    text_of,
    then_silence,
)


@pytest.mark.parametrize("status", [429, 503])
def test_busy_server(server: FakeModelServer, make: Make, status: int) -> None:
    server.answers(refuse(status, Retry_After="7"), refuse(status))
    generator = make(breaker_failures_max=1)
    with pytest.raises(GeneratorBusy, match="try again in 7 s") as raised:
        ask(generator)
    assert raised.value.retry_seconds == 7  # type: ignore[attr-defined]
    with pytest.raises(GeneratorBusy, match="in a moment"):
        ask(generator)
    assert len(server.asked) == 2, "retries would make it busier"


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "its own log"),
        (401, r"server\.api_key"),
        (403, r"server\.api_key"),
        (404, r"server\.url and name"),
        (302, r"redirects.*server\.url"),
    ],
)
def test_refusals_say_what_to_check(
    server: FakeModelServer, make: Make, status: int, advice: str
) -> None:
    server.answers(refuse(status, {"message": "a secret"}, Location="/v1/elsewhere"))
    with pytest.raises(ModelServerRefused, match=f"status {status}: .*{advice}") as raised:
        ask(make(api_key=KEY))
    assert "secret" not in str(raised.value)
    assert KEY not in str(raised.value)
    assert [call.path for call in server.calls if "elsewhere" in call.path] == []
    assert len(server.asked) == 1


LLAMA_CPP = {
    "code": 400,
    "message": "request (3030 tokens) exceeds the available context size (512 tokens)",
    "type": "exceed_context_size_error",
    "n_prompt_tokens": 3030,
    "n_ctx": 512,
}
VLLM = "This model's maximum context length is 512 tokens. However, you requested 3030 tokens"
SGLANG = "The input (3030 tokens) is longer than the model's context length (512 tokens)."


@pytest.mark.parametrize(
    "error",
    [LLAMA_CPP, {"message": VLLM}, {"message": SGLANG}, {"code": "context_length_exceeded"}],
)
def test_prompt_too_long_for_the_server(
    server: FakeModelServer, make: Make, error: dict[str, object]
) -> None:
    server.answers(refuse(400, error))
    with pytest.raises(PromptTooLong, match="model server's context"):
        ask(make())


def test_error_in_another_form(server: FakeModelServer, make: Make) -> None:
    server.answers(lambda call: call.send_json({"object": "error", "message": VLLM}, 400))
    with pytest.raises(PromptTooLong):
        ask(make())
    server.answers(lambda call: call.send_json(["?"], 400))
    with pytest.raises(ModelServerRefused):
        ask(make())


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        ({"id": MODEL, "max_model_len": 600}, 600),
        ({"id": MODEL, "meta": {"n_ctx": 500, "n_ctx_train": 32_768}}, 500),
        ({"id": MODEL, "meta": {"n_ctx_train": 700}}, 700),
        ({"id": "another, but the only one", "max_model_len": 400}, 400),
        ({"id": MODEL, "max_model_len": 9_000}, 1000),
        ({"id": MODEL}, 1000),
    ],
)
def test_context_is_what_the_server_says(
    server: FakeModelServer, make: Make, model: dict[str, object], limit: int
) -> None:
    server.behaviours["/v1/models"] = lambda call: call.send_json({"data": [model]})
    assert make().context_tokens_max == limit


@pytest.mark.parametrize("answer", [{"data": []}, {"data": 3}, [], "x"])
def test_context_of_a_server_that_says_nothing(
    server: FakeModelServer, make: Make, answer: object
) -> None:
    server.behaviours["/v1/models"] = lambda call: call.send_json(answer)
    assert make().context_tokens_max == 1000


def test_a_server_is_asked_for_its_context_once(server: FakeModelServer, make: Make) -> None:
    generator = make()
    for _ in range(3):
        ask(generator)
    assert [call.path for call in server.calls].count("/v1/models") == 1


def test_asks_for_no_more_than_fits(server: FakeModelServer, make: Make) -> None:
    server.behaviours["/tokenize"] = lambda call: call.send_json({"tokens": [1] * 50})
    ask(make(context_tokens_max=200), new_tokens_max=500)
    (call,) = server.asked
    assert 100 < call.body["max_tokens"] < 150


def test_server_counts_tokens(server: FakeModelServer, make: Make) -> None:
    server.behaviours["/tokenize"] = lambda call: call.send_json({"tokens": [1, 2, 3]})
    generator = make()
    assert generator.count_tokens("some words") == 3
    (call,) = server.calls
    assert call.body["prompt"] == call.body["content"] == "some words"


def test_server_that_does_not_count_is_asked_once(server: FakeModelServer, make: Make) -> None:
    generator = make()
    assert generator.count_tokens("three short words") == 6
    assert generator.count_tokens("第12页。") == 5
    assert len(server.calls) == 1


def test_breaker(server: FakeModelServer, make: Make, clock: Clock) -> None:
    server.answers(refuse(500))
    generator = make(retries_max=0, breaker_failures_max=2, breaker_open_seconds=10)
    for _ in range(2):
        with pytest.raises(GeneratorUnavailable, match="status 500"):
            ask(generator)
    clock.now = 4
    with pytest.raises(GeneratorUnavailable, match=r"failed 2 times .* again in 6 s") as raised:
        ask(generator)
    assert raised.value.retry_seconds == 6
    assert len(server.asked) == 2
    clock.now = 11
    with pytest.raises(GeneratorUnavailable, match="status 500"):
        ask(generator)  # the one that tries
    with pytest.raises(GeneratorUnavailable, match="again in 10 s"):
        ask(generator)
    clock.now = 22
    server.answers(lambda call: call.send_answer("Yes."))
    assert text_of(ask(generator)) == "Yes."
    assert text_of(ask(generator)) == "Yes."
    assert len(server.asked) == 5


def test_only_failures_in_a_row_open_the_breaker(server: FakeModelServer, make: Make) -> None:
    def fail(call: Call) -> None:
        refuse(500)(call)

    def succeed(call: Call) -> None:
        call.send_answer("Yes.")

    server.answers(fail, succeed, fail, succeed, fail, refuse(400))
    generator = make(retries_max=0, breaker_failures_max=2)
    for error in (GeneratorUnavailable, None) * 2 + (GeneratorUnavailable, ModelServerRefused):
        if error is None:
            assert ask(generator)
        else:
            with pytest.raises(error):
                ask(generator)
    assert len(server.asked) == 6


def test_one_request_tries_whether_the_server_is_back(
    server: FakeModelServer, make: Make, clock: Clock
) -> None:
    server.answers(refuse(500), then_silence(), lambda call: call.send_answer("Yes."))
    generator = make(retries_max=0, breaker_failures_max=1)
    with pytest.raises(GeneratorUnavailable):
        ask(generator)
    clock.now = 100
    cancelled = threading.Event()
    trying = generator.generate(GenerationRequest([Message("user", "?")]), cancelled)
    reader = threading.Thread(target=lambda: list(trying))
    reader.start()
    while len(server.asked) < 2:
        time.sleep(0.01)
    with pytest.raises(GeneratorUnavailable, match="left alone"):
        ask(generator)
    cancelled.set()
    reader.join()
    assert server.hung_up.wait(NEVER)
    assert text_of(ask(generator)) == "Yes.", "one that was cancelled leaves the try to the next"


def test_key_is_not_in_the_settings_text() -> None:
    settings = ModelServerSettings(url="http://localhost/v1", api_key=KEY)
    assert KEY not in repr(settings)


@pytest.mark.parametrize("url", ["http://u:p@h/v1", "http://h/v1?key=x", "file:///etc/passwd"])
def test_address_must_be_plain(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        ModelServerSettings(url=url)


def test_server_needs_an_address() -> None:
    with pytest.raises(ValueError, match=r"server\.url must be the address"):
        ModelSettings(backend="openai")
