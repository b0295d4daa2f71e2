"""pytest in forks of this process, which has imported what the tests import from others.

A short test takes a third of a second of processor time so, instead of several. Our own source is
imported by each fork anew, from the copy of the tree that it works in.
"""

import gc
import json
import os
import signal
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Final

import pytest
from hypothesis import Phase, settings

from tests.mutants.trees import ROOT

_FORK: Final = get_context("fork")
_OPTIONS: Final = ("-q", "-x", "-p", "no:cacheprovider")
_NOT_NEEDED: Final = ("-p", "no:playwright", "-p", "no:schemathesis")
_PLAIN: Final = "--assert=plain"
"""pytest cannot rewrite the assertions of plugins that are imported before it starts."""
_SECONDS_TO_CLEAN_UP: Final = 30


class Noting:
    """A plugin of pytest that writes down which modules of others were imported."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._others = sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]

    def pytest_sessionfinish(self) -> None:
        """Write them, in the order in which they were imported."""
        origins = {
            name: getattr(getattr(module, "__spec__", None), "origin", None)
            for name, module in sys.modules.items()
        }
        names = [name for name, file in origins.items() if file and file.startswith(self._others)]
        self._path.write_text(json.dumps(names))


@dataclass(frozen=True, slots=True)
class Failure:
    """The first test that failed, where ("call": in the test itself), what it raised, in words."""

    test: str
    phase: str
    kind: str
    words: str


class Failing:
    """A plugin of pytest that writes down the first failure."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[object]
    ) -> None:
        """Write it, unless another came before."""
        if call.excinfo is not None and not self._path.exists():
            words = str(call.excinfo.value).partition("\n")[0]
            failure = Failure(node.nodeid, call.when, call.excinfo.typename, words)
            self._path.write_text(json.dumps(astuple(failure)))


class Hasty:
    """A plugin of pytest for which one failing example is enough: it need not be the smallest."""

    def pytest_sessionstart(self) -> None:
        """Change the profile that the tests' own configuration has chosen by now."""
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("hasty", settings(), phases=phases)
        settings.load_profile("hasty")


def warm_up(tree: Path, tests: Sequence[str]) -> None:
    """Import here what these tests import from others, so that every later fork has it."""
    noted = tree.with_suffix(".modules")
    scout = started(tree, ("--collect-only", *tests), Noting(noted))
    scout.join()
    if not noted.exists():  # the trial of the unbroken source will say why
        return
    for name in json.loads(noted.read_text()):
        with suppress(ImportError):
            import_module(name)
    gc.collect()
    gc.freeze()  # what stands now is neither looked through nor copied by the forks


def started(tree: Path, arguments: Sequence[str], *plugins: object) -> ForkProcess:
    """Start pytest in a fork that works in `tree`; what it says goes to `said(tree)`."""
    _failure(tree).unlink(missing_ok=True)
    process = _FORK.Process(target=_pytest, args=(tree, arguments, plugins))
    process.start()
    return process


def said(tree: Path) -> Path:
    """Return where the output of the last run in this tree stands."""
    return tree.with_suffix(".log")


def failed(tree: Path) -> Failure | None:
    """Return what failed first in the last run in this tree."""
    path = _failure(tree)
    return Failure(*json.loads(path.read_text())) if path.exists() else None


def _failure(tree: Path) -> Path:
    return tree.with_suffix(".failure")


def stopped(process: ForkProcess) -> None:
    """Let pytest's fixtures stop the servers they started, as after Ctrl-C; then end it."""
    if process.pid is not None:
        os.kill(process.pid, signal.SIGINT)
    process.join(_SECONDS_TO_CLEAN_UP)
    process.kill()
    process.join()


def _pytest(tree: Path, arguments: Sequence[str], plugins: Sequence[object]) -> None:
    """Become a process that has always been in `tree`, and run pytest."""
    with said(tree).open("wb") as output:
        for stream in (1, 2):
            os.dup2(output.fileno(), stream)
    os.chdir(tree)
    os.environ["PYTHONPATH"] = str(tree)
    sys.path[:] = [str(tree), *(entry for entry in sys.path if entry not in ("", str(ROOT)))]
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    everywhere = Hasty(), Failing(_failure(tree))
    options = [*_OPTIONS, *_NOT_NEEDED, _PLAIN]
    code = pytest.main([*options, *arguments], plugins=[*everywhere, *plugins])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
