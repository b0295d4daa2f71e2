"""Every mutation still applies; whether each is caught is what `make mutants` shows."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.catalogue import Mutation, mutations
from tests.mutants.trial import Outcome
from tests.mutants.verdict import verdict_on

INVARIANTS = [f"{number}." for number in range(1, 11)]
MUTATIONS = mutations()


def test_each_invariant_is_attacked_several_times() -> None:
    attacks = Counter(one.promise.split(" ")[0] for one in MUTATIONS)
    assert {key: attacks[key] for key in INVARIANTS if attacks[key] < 3} == {}
    assert len({one.name for one in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_it_still_applies_and_its_tests_exist(root: Path, mutation: Mutation) -> None:
    source = (root / mutation.file).read_text()
    broken = ast.parse(mutation.applied(source))
    assert ast.dump(broken) != ast.dump(ast.parse(source))
    for test in mutation.tests:
        file, *names = test.split("::")
        text = (root / file).read_text()
        for name in names:
            assert re.search(rf"^ *(?:def|class) {name}\b", text, flags=re.MULTILINE), test


@pytest.mark.parametrize(
    ("code", "text", "word"),
    [
        (1, "FAILED tests/t.py::test_a - assert 1 == 2", "caught"),
        (1, "ERROR tests/t.py::test_a - ValueError: no such row", "caught"),
        (0, "1 passed", "SURVIVED"),
        (1, "FAILED tests/t.py::test_a - NameError: name 'x' is not defined", "STILLBORN"),
        (2, "ERROR tests/t.py - ImportError: cannot import name 'x'", "ERROR"),
        (5, "no tests ran", "ERROR"),
        (None, "", "HUNG"),
    ],
)
def test_only_a_failed_test_catches_a_mutation(code: int | None, text: str, word: str) -> None:
    assert verdict_on(Outcome(code, text, 0.1)).word == word
