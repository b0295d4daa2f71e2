"""Break our own source on purpose, one place at a time, and see whether the tests notice.

    python -m tests.mutants.run                 # all, two at a time
    python -m tests.mutants.run deny audit      # those whose name or promise holds a word
    python -m tests.mutants.run --why deny      # and which test noticed, with its first words

Works in copies of the tree; exits with 1 unless every mutation is caught, or if a test that should
notice one fails without it.
"""

# ruff: noqa: T201 - a command

import argparse
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.catalogue import Mutation, mutations
from tests.mutants.forks import warm_up
from tests.mutants.trees import copied
from tests.mutants.trial import Trial, outcomes
from tests.mutants.verdict import passed, verdict_on

_SECONDS_MAX = 600


def main(words: Sequence[str], jobs: int, *, why: bool) -> int:
    """Try the mutations that any of `words` is found in, or all; return the exit code."""
    chosen = [
        one
        for one in mutations()
        if not words or any(word in f"{one.name} {one.promise}".lower() for word in words)
    ]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [copied(Path(folder) / str(number)) for number in range(jobs)]
        tests = sorted({test for one in chosen for test in one.tests})
        warm_up(trees[0], tests)
        if not _pass_unbroken(tests, trees):
            return 1
        caught = _tried(chosen, trees, why=why)
    print(f"\n{caught} of {len(chosen)} caught, {_minutes():.0f} minutes of processor time")
    return 0 if caught == len(chosen) else 1


def _pass_unbroken(tests: Sequence[str], trees: Sequence[Path]) -> bool:
    """Make sure that the tests pass, so that a failure later means something."""
    files = sorted({test.partition("::")[0] for test in tests})
    shares = [set(files[number :: len(trees)]) for number in range(len(trees))]
    trials = [
        Trial(tuple(test for test in tests if test.partition("::")[0] in share), None, 3600)
        for share in shares
        if share
    ]
    failed = [outcome for outcome in outcomes(trials, trees) if not passed(outcome)]
    for outcome in failed:
        print(outcome.text[-4000:])
        print("These tests fail, or there are none, with the source as it is.")
    return not failed


def _tried(chosen: Sequence[Mutation], trees: Sequence[Path], *, why: bool) -> int:
    """Print a table as it grows; return how many were caught."""
    promise, caught = "", 0
    trials = [Trial(one.tests, one, _SECONDS_MAX) for one in chosen]
    for mutation, outcome in zip(chosen, outcomes(trials, trees), strict=True):
        if mutation.promise != promise:
            promise = mutation.promise
            print(f"\n{promise}")
        verdict = verdict_on(outcome)
        print(f"  {verdict.word:9} {outcome.seconds:4.0f} s  {mutation.name}", flush=True)
        if why or verdict.word != "caught":
            print(f"{'':20}{verdict.noticed_by}", flush=True)
        caught += verdict.word == "caught"
    return caught


def _minutes() -> float:
    """Tell how long this run has kept a processor busy, with all that it started."""
    spent = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in spent) / 60


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="try only those that hold one of these words")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--why", action="store_true", help="show which test noticed, and how")
    arguments = parser.parse_args()
    words = [word.lower() for word in arguments.words]
    sys.exit(main(words, arguments.jobs, why=arguments.why))
