"""What the outcome of a trial says about a mutation."""

from dataclasses import dataclass
from typing import Literal

from tests.mutants.trial import Outcome

Word = Literal["caught", "SURVIVED", "STILLBORN", "HUNG", "ERROR"]

_PASSED, _FAILED = 0, 1
"""pytest's exit codes; all others mean that the tests did not run as they should."""
_CHARACTERS_MAX = 200
_STILLBORN = ("NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one mutation.

    SURVIVED: the tests pass. STILLBORN: the broken source cannot run at all, which any test
    notices and which therefore shows nothing. HUNG: no end in time. ERROR: pytest itself gave up,
    or what a test needs could not be set up.
    `noticed_by` is the failed test and its first words on why.
    """

    word: Word
    noticed_by: str = ""


def passed(outcome: Outcome) -> bool:
    """Tell whether all tests passed."""
    return outcome.code == _PASSED


def verdict_on(outcome: Outcome) -> Verdict:
    """Judge the mutation that was tried."""
    if outcome.code is None:
        return Verdict("HUNG")
    if passed(outcome):
        return Verdict("SURVIVED")
    failure = outcome.failure
    if outcome.code != _FAILED or failure is None:
        return Verdict("ERROR", outcome.text[-500:])
    noticed_by = f"{failure.test}: {failure.kind} {failure.words}"[:_CHARACTERS_MAX]
    if failure.kind in _STILLBORN:
        return Verdict("STILLBORN", noticed_by)
    return Verdict("caught" if failure.phase == "call" else "ERROR", noticed_by)
