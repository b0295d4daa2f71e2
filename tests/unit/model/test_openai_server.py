import threading
import time
from collections.abc import Callable, Iterator

import pytest

from model.backends.openai_server import OpenAIServerGenerator
from model.backends.port import GenerationPiece, GenerationRequest, Message
from model.errors import (
    GeneratorBusy,
    GeneratorUnavailable,
    ModelError,
    ModelServerRefused,
    PromptTooLong,
)
from model.settings import ModelServerSettings, ModelSettings
from tests.product import free_port
from tests.unit.model.fake_model_server import KEY, MODEL, Behaviour, Call, FakeModelServer, running

SOON = 0.3
"""Seconds after which a test's server counts as silent."""
NEVER = 30
Make = Callable[..., OpenAIServerGenerator]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


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


def ask(generator: OpenAIServerGenerator, **changes: object) -> list[GenerationPiece]:
    request = GenerationRequest([Message("user", "Is it?")], **changes)  # type: ignore[arg-type]
    return list(generator.generate(request))


def text_of(pieces: list[GenerationPiece]) -> str:
    return "".join(piece.text for piece in pieces)


def refuse(status: int, error: object = None, **headers: str) -> Behaviour:
    return lambda call: call.send_json({"error": error or {}}, status, **headers)


def hang_up(call: Call) -> None:
    call.close_connection = True


def write_then(*lines: str, text: str = "Ye") -> Behaviour:
    """Write a piece of text and these lines, and end the connection."""

    def behave(call: Call) -> None:
        call.begin_stream()
        if text:
            call.send_text(text)
        for line in lines:
            call.send_line(line)

    return behave


def then_silence(text: str = "") -> Behaviour:
    def behave(call: Call) -> None:
        write_then(text=text)(call)
        call.wait_until_hung_up()

    return behave


def test_sends_what_was_asked(server: FakeModelServer, make: Make) -> None:
    ask(
        make(api_key=KEY),
        new_tokens_max=7,
        temperature=0.5,
        seed=3,
        stop=("\n",),
        top_p=0.9,
        top_k=4,
        repetition_penalty=1.1,
        tenant="not theirs to know",
    )
    (call,) = server.asked
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.body == {
        "model": MODEL,
        "messages": [{"role": "user", "content": "Is it?"}],
        "max_tokens": 7,
        "temperature": 0.5,
        "seed": 3,
        "stop": ["\n"],
        "top_p": 0.9,
        "top_k": 4,
        "repetition_penalty": 1.1,
        "repeat_penalty": 1.1,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_leaves_out_what_was_not_asked(server: FakeModelServer, make: Make) -> None:
    ask(make())
    (call,) = server.asked
    assert "Authorization" not in call.headers
    asked = {"model", "messages", "max_tokens", "temperature", "seed", "stream", "stream_options"}
    assert set(call.body) == asked


def test_reads_the_counts_of_the_last_event(server: FakeModelServer, make: Make) -> None:
    details = {"cached_tokens": 30}
    usage = {"prompt_tokens": 40, "completion_tokens": 2, "prompt_tokens_details": details}

    def behave(call: Call) -> None:
        call.begin_stream()
        call.send_event({"choices": [{"delta": {"role": "assistant", "content": None}}]})
        call.send_text("Yes", None)
        call.send_text(".", "length")
        call.send_event({"choices": [], "usage": usage})
        call.send_event("[DONE]")

    server.answers(behave)
    *pieces, last = ask(make())
    assert [piece.text for piece in pieces] == ["Yes", "."]
    assert last == GenerationPiece("", "length", 40, 2, 30)


def test_counts_by_itself_where_the_server_does_not(make: Make) -> None:
    last = ask(make())[-1]
    assert last.completion_tokens == 1
    assert last.prompt_tokens > 3


@pytest.mark.parametrize(
    ("said", "meant"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "stop"), ("tool_calls", "stop")],
)
def test_finish_reasons(server: FakeModelServer, make: Make, said: str, meant: str) -> None:
    def behave(call: Call) -> None:
        call.begin_stream()
        call.send_text("Yes", said)

    server.answers(behave)
    assert ask(make())[-1].finish_reason == meant


def test_what_is_no_data_is_passed_over(server: FakeModelServer, make: Make) -> None:
    server.answers(write_then(": ping", "event: x", "data:[DONE]", text=""), then_silence())
    server.answers(
        lambda call: [call.begin_stream(), call.send_line(": ping\r"), call.send_line("id: 4"),
                      call.send_text("好", "stop")]
    )  # fmt: skip
    assert text_of(ask(make())) == "好"


def test_thoughts_are_no_part_of_the_answer(server: FakeModelServer, make: Make) -> None:
    def behave(call: Call) -> None:
        call.begin_stream()
        call.send_event({"choices": [{"delta": {"reasoning_content": "Hm."}}]})
        call.send_text("Yes.", "stop")

    server.answers(behave)
    assert text_of(ask(make())) == "Yes."


@pytest.mark.parametrize("first", [hang_up, refuse(500), refuse(502), write_then(text="")])
def test_fails_before_the_first_token_and_is_asked_again(
    server: FakeModelServer, make: Make, first: Behaviour
) -> None:
    server.answers(first, first, lambda call: call.send_answer("Yes."))
    assert text_of(ask(make(retries_max=2))) == "Yes."
    assert len(server.asked) == 3


def test_only_so_many_retries(server: FakeModelServer, make: Make) -> None:
    server.answers(refuse(500))
    with pytest.raises(GeneratorUnavailable, match=r"answered with status 500; try again in 1 s\."):
        ask(make(retries_max=1))
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "broke the answer off"),
        (("data: {", ""), "sent an event that is not understood"),
        (('data: {"choices": 3}', ""), "sent an event that is not understood"),
        (("data: \x00\x01garbage", ""), "sent an event that is not understood"),
        (('data: {"error": {"message": "a secret"}}', ""), "ended the answer with an error"),
        (("data: [DONE]", ""), "broke the answer off"),
        (("x" * (2**20 + 1), "x"), "broke the answer off|a line without end"),
    ],
    ids=["ends", "half json", "wrong form", "garbage", "error", "done without an end", "long line"],
)
def test_breaks_off_after_the_first_token_and_is_not_asked_again(
    server: FakeModelServer, make: Make, lines: tuple[str, ...], reason: str
) -> None:
    server.answers(write_then(*lines))
    stream = make().generate(GenerationRequest([Message("user", "?")]))
    assert next(stream).text == "Ye"
    with pytest.raises(GeneratorUnavailable, match=reason) as raised:
        next(stream)
    assert len(server.asked) == 1
    assert "secret" not in str(raised.value)


def test_line_without_end_is_not_read_to_its_end(server: FakeModelServer, make: Make) -> None:
    def behave(call: Call) -> None:
        call.begin_stream()
        while True:
            call.wfile.write(b"x" * 2**16)

    server.answers(behave)
    with pytest.raises(GeneratorUnavailable, match="a line without end"):
        ask(make(retries_max=0))
    assert server.hung_up.wait(NEVER)


def test_server_that_is_not_there(make: Make) -> None:
    generator = make(url=f"http://127.0.0.1:{free_port()}/v1", retries_max=0)
    with pytest.raises(GeneratorUnavailable, match="cannot be reached"):
        ask(generator)
    assert generator.context_tokens_max == 1000
    assert generator.count_tokens("some words") > 0


def test_silent_before_the_first_token(server: FakeModelServer, make: Make) -> None:
    server.answers(then_silence())
    with pytest.raises(GeneratorUnavailable, match=r"did not begin to answer within 0\.3 s"):
        ask(make(first_token_seconds_max=SOON))
    assert len(server.asked) == 1, "a slow server is not asked twice"
    assert server.hung_up.wait(NEVER)


def test_silent_between_tokens(server: FakeModelServer, make: Make) -> None:
    server.answers(then_silence("Ye"))
    with pytest.raises(GeneratorUnavailable, match=r"wrote nothing for 0\.3 s"):
        ask(make(between_tokens_seconds_max=SOON))
    assert server.hung_up.wait(NEVER)


def test_signs_of_life_are_no_tokens(server: FakeModelServer, make: Make) -> None:
    def behave(call: Call) -> None:
        call.begin_stream()
        while not call.server.hung_up.wait(SOON / 10):
            call.send_line(": ping")

    server.answers(behave)
    with pytest.raises(GeneratorUnavailable, match="did not begin"):
        ask(make(first_token_seconds_max=SOON))


def test_deadline_keeps_what_was_written(server: FakeModelServer, make: Make) -> None:
    server.answers(then_silence("Ye"))
    pieces = ask(make(), deadline_seconds=SOON)
    assert [piece.text for piece in pieces] == ["Ye", ""]
    assert pieces[-1].finish_reason == "deadline"
    assert pieces[-1].completion_tokens == 1
    assert server.hung_up.wait(NEVER)


@pytest.mark.parametrize("text", ["", "Ye"])
def test_cancelling_closes_the_connection(server: FakeModelServer, make: Make, text: str) -> None:
    cancelled = threading.Event()

    def behave(call: Call) -> None:
        threading.Timer(SOON / 3, cancelled.set).start()
        then_silence(text)(call)

    server.answers(behave)
    request = GenerationRequest([Message("user", "?")])
    *before, last = make().generate(request, cancelled)
    assert [piece.text for piece in before] == [text] * bool(text)
    assert last.finish_reason == "cancelled"
    assert last.completion_tokens == len(before)
    assert server.hung_up.wait(NEVER)


def test_leaving_closes_the_connection(server: FakeModelServer, make: Make) -> None:
    server.answers(then_silence("Ye"))
    stream = make().generate(GenerationRequest([Message("user", "?")]))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert server.hung_up.wait(NEVER)


def test_closing_ends_answers_with_an_error(server: FakeModelServer, make: Make) -> None:
    server.answers(then_silence("Ye"))
    generator = make()
    stream = generator.generate(GenerationRequest([Message("user", "?")]))
    next(stream)
    generator.close()
    with pytest.raises(ModelError, match="shutting down"):
        next(stream)
    assert server.hung_up.wait(NEVER)


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
