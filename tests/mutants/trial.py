"""Trials: some tests, with the source broken or as it is; several go on at once."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path

from tests.mutants.catalogue import Mutation
from tests.mutants.forks import Failure, failed, said, started, stopped
from tests.mutants.trees import break_source


@dataclass(frozen=True, slots=True)
class Trial:
    """Tests to run up to the first failure, with this mutation or (None) without any."""

    tests: tuple[str, ...]
    mutation: Mutation | None
    seconds_max: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended: pytest's exit code (None: not in time), what it said, how long it took."""

    code: int | None
    text: str
    seconds: float
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    number: int
    trial: Trial
    tree: Path
    mend: Callable[[], None]
    process: ForkProcess
    started: float

    def seconds_left(self) -> float:
        return max(0, self.started + self.trial.seconds_max - time.monotonic())


def outcomes(trials: Sequence[Trial], trees: Iterable[Path]) -> Iterator[Outcome]:
    """Run the trials, one at a time in each tree; yield their outcomes in the trials' order."""
    waiting, free = deque(enumerate(trials)), list(trees)
    running: list[_Running] = []
    ended: dict[int, Outcome] = {}
    try:
        for number in range(len(trials)):
            while number not in ended:
                while waiting and free:
                    running.append(_begun(*waiting.popleft(), free.pop()))
                for one in _done(running):
                    ended[one.number] = _ended(one)
                    running.remove(one)
                    free.append(one.tree)
            yield ended.pop(number)
    finally:  # nobody wants the rest
        for one in running:
            stopped(one.process)


def _begun(number: int, trial: Trial, tree: Path) -> _Running:
    mend = break_source(tree, trial.mutation) if trial.mutation else lambda: None
    process = started(tree, trial.tests)
    return _Running(number, trial, tree, mend, process, time.monotonic())


def _done(running: Sequence[_Running]) -> list[_Running]:
    """Wait until one of them has ended or has had its time; return all of which that is true."""
    sentinels = [one.process.sentinel for one in running]
    wait(sentinels, min(one.seconds_left() for one in running))
    return [one for one in running if not one.process.is_alive() or not one.seconds_left()]


def _ended(one: _Running) -> Outcome:
    in_time = not one.process.is_alive()
    if not in_time:
        stopped(one.process)
    one.process.join()
    one.mend()
    code = one.process.exitcode if in_time else None
    seconds = time.monotonic() - one.started
    return Outcome(code, said(one.tree).read_text(), seconds, failed(one.tree))
