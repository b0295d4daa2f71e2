import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from model.errors import GeneratorBusy
from model.waiting_line import WaitingLine

SECONDS = 10
NEVER = threading.Event()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def join(
    line: WaitingLine,
    pool: ThreadPoolExecutor,
    served: list[str],
    name: str,
    cancel: threading.Event,
) -> "Future[None]":
    """Join from another thread; returns once it stands in the line."""

    def run() -> None:
        with line.turn(cancel):
            served.append(name)

    length = len(line)
    future = pool.submit(run)
    deadline = threading.Event()
    for _ in range(SECONDS * 100):
        if len(line) > length:
            return future
        deadline.wait(0.01)
    raise AssertionError("nobody joined the line")


def test_first_come_first_served(pool: ThreadPoolExecutor) -> None:
    line, served = WaitingLine(5), []
    with line.turn(NEVER):
        futures = [join(line, pool, served, name, NEVER) for name in "abcde"]
        assert served == []
    for future in futures:
        future.result(SECONDS)
    assert served == list("abcde")
    assert len(line) == 0


def test_full_line_is_refused(pool: ThreadPoolExecutor) -> None:
    line, served = WaitingLine(1), []
    with line.turn(NEVER):
        waiting = join(line, pool, served, "a", NEVER)
        with pytest.raises(GeneratorBusy, match="1 requests wait"), line.turn(NEVER):
            pass
    waiting.result(SECONDS)
    with line.turn(NEVER):
        pass


def test_nobody_may_wait() -> None:
    line = WaitingLine(0)
    with line.turn(NEVER), pytest.raises(GeneratorBusy), line.turn(NEVER):
        pass


def test_cancelled_one_leaves_the_line(pool: ThreadPoolExecutor) -> None:
    line, served, cancel = WaitingLine(2), [], threading.Event()
    with line.turn(NEVER):
        gone = join(line, pool, served, "gone", cancel)
        after = join(line, pool, served, "after", NEVER)
        cancel.set()
        gone.result(SECONDS)
        assert len(line) == 2
        assert served == ["gone"]  # let through at once, to tell its caller
    after.result(SECONDS)


def test_error_during_a_turn_frees_the_line() -> None:
    line = WaitingLine(0)
    with pytest.raises(ValueError, match="broken"), line.turn(NEVER):
        raise ValueError("broken")
    assert len(line) == 0
