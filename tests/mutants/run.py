"""Break our own source on purpose, one place at a time, and see whether the tests notice.

    python -m tests.mutants.run                 # all, two at a time
    python -m tests.mutants.run deny audit      # those whose name or promise holds a word

Works in copies of the tree; exits with 1 if a mutation survives, or if a test that should notice
one fails without it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.catalogue import Mutation, mutations

ROOT = Path(__file__).parents[2]
_BUILT = ("api/static", "tests/integration/identity/oidc_provider/node_modules", ".venv")
"""What tests need and git does not hold; linked, for no mutation touches it."""
_SECONDS_MAX = 300
_PASSED, _FAILED = 0, 1
"""pytest's exit codes; all others mean that the tests did not run as they should."""


def main(words: Sequence[str], jobs: int) -> int:
    """Try the mutations that any of `words` is found in, or all; return the exit code."""
    chosen = [
        one
        for one in mutations()
        if not words or any(word in f"{one.name} {one.promise}".lower() for word in words)
    ]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = SimpleQueue[Path]()
        for number in range(jobs):
            trees.put(_copied(Path(folder) / str(number)))
        with ThreadPoolExecutor(jobs) as pool:
            files = sorted({test.partition("::")[0] for one in chosen for test in one.tests})
            shares = [_of_files(chosen, files[number::jobs]) for number in range(jobs)]
            if not all(pool.map(lambda tests: _pass_unbroken(tests, trees), shares)):
                return 1
            results = pool.map(lambda one: (one, _verdict(one, trees)), chosen)
            survived = _shown(results)
    print(f"\n{len(chosen) - len(survived)} of {len(chosen)} caught")  # noqa: T201 - a command
    return 1 if survived else 0


def _shown(results: Iterator[tuple[Mutation, str]]) -> list[Mutation]:
    """Print a table as it grows; return what was not caught."""
    promise, survived = "", []
    for mutation, verdict in results:
        if mutation.promise != promise:
            promise = mutation.promise
            print(f"\n{promise}")  # noqa: T201 - a command
        print(f"  {verdict:9} {mutation.name}", flush=True)  # noqa: T201 - a command
        if verdict != "caught":
            survived.append(mutation)
    return survived


def _copied(tree: Path) -> Path:
    """Copy what git holds, changed or not, and link what was built."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    for name in _BUILT:
        if (ROOT / name).exists() and not (tree / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).symlink_to((ROOT / name).resolve())
    return tree


def _of_files(chosen: Sequence[Mutation], files: Sequence[str]) -> list[str]:
    """Return the tests of the mutations that stand in these files."""
    tests = {test for one in chosen for test in one.tests}
    return sorted(test for test in tests if test.partition("::")[0] in files)


def _pass_unbroken(tests: Sequence[str], trees: SimpleQueue[Path]) -> bool:
    """Make sure that the tests pass, so that a failure later means something."""
    if not tests:
        return True
    with _lent(trees) as tree:
        ended = _tested(tree, tests, seconds_max=_SECONDS_MAX * 10)
    if ended.returncode != _PASSED:
        print(ended.stdout[-4000:])  # noqa: T201 - a command
        print("These tests fail, or there are none, with the source as it is.")  # noqa: T201
    return ended.returncode == _PASSED


def _verdict(mutation: Mutation, trees: SimpleQueue[Path]) -> str:
    with _lent(trees) as tree, _broken(tree, mutation):
        try:
            code = _tested(tree, mutation.tests, seconds_max=_SECONDS_MAX).returncode
        except subprocess.TimeoutExpired:
            return "caught"  # what never ends is noticed as well
    return {_FAILED: "caught", _PASSED: "SURVIVED"}.get(code, "ERROR")


@contextmanager
def _lent(trees: SimpleQueue[Path]) -> Iterator[Path]:
    tree = trees.get()
    try:
        yield tree
    finally:
        trees.put(tree)


@contextmanager
def _broken(tree: Path, mutation: Mutation) -> Iterator[None]:
    path = tree / mutation.file
    path.write_text(mutation.applied(path.read_text()))
    try:
        yield
    finally:
        shutil.copy2(ROOT / mutation.file, path)


def _tested(
    tree: Path, tests: Sequence[str], *, seconds_max: int
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(tree)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        command,
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds_max,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="try only those that hold one of these words")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    arguments = parser.parse_args()
    sys.exit(main([word.lower() for word in arguments.words], arguments.jobs))
