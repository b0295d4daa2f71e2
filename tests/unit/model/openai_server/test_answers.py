import threading

import pytest

from model.backends.port import GenerationPiece, GenerationRequest, Message
from model.errors import (
    GeneratorUnavailable,
    ModelError,
)
from tests.product import free_port
from tests.unit.model.fake_model_server import KEY, MODEL, Behaviour, Call, FakeModelServer
from tests.unit.model.openai_server.helpers import (
    NEVER,
    SOON,
    Make,
    ask,
    hang_up,
    refuse,
    text_of,
    then_silence,
    write_then,
)


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
