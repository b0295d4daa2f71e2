"""Timing the stages of a search for whoever wants to know."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from opentelemetry import trace

_tracer = trace.get_tracer("sourcebook.retrieval")

Observer = Callable[[str, float], None]
"""Told the name of a stage and the seconds it took: catch_up, embed, dense, lexical, load."""


def ignore(_name: str, _seconds: float) -> None:
    """Observe nothing."""


@contextmanager
def stage(observe: Observer, name: str) -> Iterator[None]:
    """Measure the block as a stage and a span, also when it fails."""
    started = perf_counter()
    try:
        with _tracer.start_as_current_span(f"retrieval.{name}", record_exception=False):
            yield
    finally:
        observe(name, perf_counter() - started)
