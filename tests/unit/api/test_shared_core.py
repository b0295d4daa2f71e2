"""Threads that are kept on one core, and where that is not possible."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from api.shared_core import CHOSEN_SECONDS, MEASURED_CORES, SharedCore, pays_off, present_core

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="threads can be moved on Linux with two cores",
)


Result = TypeVar("Result")


def in_a_thread(work: Callable[[], Result]) -> Result:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def cores_in_company(shared: SharedCore) -> tuple[set[int], set[int]]:
    """Return where a thread may run beside another one in the block, and where after it."""

    def second() -> tuple[set[int], set[int]]:
        with shared.shared():
            within = os.sched_getaffinity(0)
        return within, os.sched_getaffinity(0)

    with shared.shared():
        return in_a_thread(second)


def test_one_alone_runs_where_it_is() -> None:
    before = os.sched_getaffinity(0)
    with SharedCore(core=lambda: min(before)).shared():
        assert os.sched_getaffinity(0) == before


def test_who_joins_is_kept_on_one_core_and_let_go_after() -> None:
    every = os.sched_getaffinity(0)
    assert cores_in_company(SharedCore(core=lambda: max(every))) == ({max(every)}, every)


def test_the_core_is_the_one_it_ran_on() -> None:
    (core,), _ = cores_in_company(SharedCore())
    assert core in os.sched_getaffinity(0)
    assert present_core() in os.sched_getaffinity(0)


def test_the_core_is_chosen_anew_after_a_while() -> None:
    cores = sorted(os.sched_getaffinity(0))[:2]
    choices, now = iter(cores), [0.0]
    shared = SharedCore(core=lambda: next(choices), clock=lambda: now[0])
    places = []
    for seconds in (0, CHOSEN_SECONDS - 1, CHOSEN_SECONDS):
        now[0] = seconds
        places.append(cores_in_company(shared)[0])
    assert places == [{cores[0]}, {cores[0]}, {cores[1]}]


def test_a_core_that_may_not_be_used_is_left() -> None:
    every = os.sched_getaffinity(0)
    assert cores_in_company(SharedCore(core=lambda: max(every) + 1)) == (every, every)


def test_switched_off_nothing_moves() -> None:
    every = os.sched_getaffinity(0)
    assert cores_in_company(SharedCore(is_on=False)) == (every, every)


def test_where_threads_may_not_be_moved_searches_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: int, _cores: object) -> None:
        raise PermissionError

    every = os.sched_getaffinity(0)
    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    assert cores_in_company(SharedCore(core=lambda: min(every))) == (every, every)


def test_an_error_lets_go_too() -> None:
    every = os.sched_getaffinity(0)
    shared = SharedCore(core=lambda: min(every))

    def fails() -> None:
        with shared.shared():
            raise LookupError

    def second() -> set[int]:
        with pytest.raises(LookupError):
            fails()
        return os.sched_getaffinity(0)

    with shared.shared():
        assert in_a_thread(second) == every
    before = os.sched_getaffinity(0)
    with shared.shared():  # the one that failed is not counted any more
        assert os.sched_getaffinity(0) == before


def test_it_pays_off_on_as_few_cores_as_were_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, worth in ((MEASURED_CORES, True), (MEASURED_CORES + 1, False)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert pays_off() is worth
