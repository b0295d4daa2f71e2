"""What the outcome of a trial says about a mutation."""

import re
from dataclasses import dataclass
from typing import Literal

from tests.mutants.trial import Outcome

Word = Literal["caught", "SURVIVED", "STILLBORN", "HUNG", "ERROR"]

_PASSED, _FAILED = 0, 1
"""pytest's exit codes; all others mean that the tests did not run as they should."""
_FAILURE = re.compile(r"^(?:FAILED|ERROR) (?P<test>\S+)(?: - (?P<why>.*))?$", re.MULTILINE)
_STILLBORN = ("NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one mutation.

    SURVIVED: the tests pass. STILLBORN: the broken source cannot run at all, which any test
    notices and which therefore shows nothing. HUNG: no end in time. ERROR: pytest itself gave up.
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
    failure = _FAILURE.search(outcome.text)
    if outcome.code != _FAILED or failure is None:
        return Verdict("ERROR", outcome.text[-500:])
    why = failure["why"] or ""
    word: Word = "STILLBORN" if why.startswith(_STILLBORN) else "caught"
    return Verdict(word, f"{failure['test']} {why}")
