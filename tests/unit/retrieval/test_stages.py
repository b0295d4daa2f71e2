from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.trace import StatusCode

from retrieval import stages
from retrieval.stages import stage


def test_a_stage_is_measured_even_when_it_fails() -> None:
    seen: list[tuple[str, float]] = []

    def fail() -> None:
        with stage(lambda name, seconds: seen.append((name, seconds)), "load"):
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    [(name, seconds)] = seen
    assert name == "load"
    assert seconds >= 0


class Tracer:
    """Keeps what a tracer of OpenTelemetry's SDK would put into a span when its block fails."""

    def __init__(self) -> None:
        self.kept: list[object] = []

    def set_status(self, status: StatusCode) -> None:
        self.kept.append(status)

    @contextmanager
    def start_as_current_span(
        self, _name: str, *, record_exception: bool = True, set_status_on_exception: bool = True
    ) -> Iterator["Tracer"]:
        try:
            yield self
        except Exception as error:
            if record_exception or set_status_on_exception:
                self.kept.append(str(error))
            raise


def test_a_span_tells_failure_but_not_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer()
    monkeypatch.setattr(stages, "_tracer", tracer)

    def fail() -> None:
        with stage(stages.ignore, "load"):
            raise LookupError("secret words")

    with pytest.raises(LookupError):
        fail()
    assert tracer.kept == [StatusCode.ERROR]
