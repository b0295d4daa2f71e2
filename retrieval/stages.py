"""Timing the stages of a search for whoever wants to know."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from opentelemetry import trace
from opentelemetry.trace import StatusCode

_tracer = trace.get_tracer("sourcebook.retrieval")

Observer = Callable[[str, float], None]
"""Told the name of a stage and the seconds it took.

These are catch_up, embed, dense, lexical, load and, where a reranker is on, rerank.
"""


def ignore(_name: str, _seconds: float) -> None:
    """Observe nothing."""


@contextmanager
def stage(observe: Observer, name: str) -> Iterator[None]:
    """Measure the block as a stage and a span, also when it fails.

    A span tells that it failed, never why: an exception's message may be of any origin.
    """
    started = perf_counter()
    with _tracer.start_as_current_span(
        f"retrieval.{name}", record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception:
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            observe(name, perf_counter() - started)
