"""What the tests of the client of a model server share."""

from collections.abc import Callable

from model.backends.openai_server import OpenAIServerGenerator
from model.backends.port import GenerationPiece, GenerationRequest, Message
from tests.unit.model.fake_model_server import Behaviour, Call

SOON = 0.3
"""Seconds after which a test's server counts as silent."""
NEVER = 30
Make = Callable[..., OpenAIServerGenerator]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


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
