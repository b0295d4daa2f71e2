"""Every mutation still applies; whether each is caught is what `make mutants` shows."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants.catalogue import Mutation, mutations
from tests.mutants.forks import Failure
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
        for indent, name in zip(("", " {4}"), names, strict=False):
            assert re.search(rf"^{indent}(?:def|class) {name}\b", text, flags=re.MULTILINE), test


def test_no_mutation_is_stillborn(tmp_path: Path, root: Path) -> None:
    for number, mutation in enumerate(MUTATIONS):
        broken = mutation.applied((root / mutation.file).read_text())
        (tmp_path / f"{number}.py").write_text(f"# {mutation.name}\n{broken}")
    options = ["--isolated", "--no-cache", "--select", "F821", "--quiet"]
    command = [sys.executable, "-m", "ruff", "check", *options, tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(
    ("code", "phase", "kind", "word"),
    [
        (1, "call", "AssertionError", "caught"),
        (1, "call", "IntegrityError", "caught"),
        (0, None, None, "SURVIVED"),
        (1, "call", "NameError", "STILLBORN"),
        (1, "setup", "Failed", "ERROR"),
        (2, "collect", "ImportError", "ERROR"),
        (5, None, None, "ERROR"),
        (None, None, None, "HUNG"),
    ],
)
def test_only_a_failed_test_catches_a_mutation(
    code: int | None, phase: str | None, kind: str | None, word: str
) -> None:
    failure = Failure("tests/t.py::test_a", phase, kind, "why") if phase and kind else None
    assert verdict_on(Outcome(code, "what pytest said", 0.1, failure)).word == word
