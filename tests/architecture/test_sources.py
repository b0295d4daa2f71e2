"""Rules of the source files themselves."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

LINES_MAX = 400
WRITTEN_BY_MACHINES = {"package-lock.json", "pnpm-lock.yaml"}
FORBIDDEN_FOLDERS = {"common", "core", "utils", "helpers"}


def _packages(root: Path) -> list[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    packages: list[str] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return packages


def _sources(root: Path) -> list[Path]:
    python = [
        path
        for folder in (*_packages(root), "tests", "benchmarks", "deploy", "requirements")
        for path in (root / folder).rglob("*.py")
    ]
    page = [
        path
        for suffix in ("ts", "svelte", "css")
        for path in (root / "web" / "src").rglob(f"*.{suffix}")
    ]
    return [*python, *page]


def test_imports_run_one_way(root: Path) -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    ended = subprocess.run(
        [linter, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout


def test_the_contract_names_every_package(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert project["tool"]["importlinter"]["root_packages"] == _packages(root)
    found = {path.parent.name for path in root.glob("*/__init__.py")}
    assert found == set(_packages(root))


def test_no_source_file_is_long(root: Path) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in _sources(root)}
    assert len(lengths) > 100  # the search itself works
    long = {str(path.relative_to(root)): n for path, n in lengths.items() if n > LINES_MAX}
    assert long == {}


def test_every_module_says_what_it_is_for(root: Path) -> None:
    modules = [path for name in _packages(root) for path in (root / name).rglob("*.py")]
    silent = [
        str(path.relative_to(root)) for path in modules if '"""' not in path.read_text()[:400]
    ]
    assert silent == []


def test_no_folder_is_for_what_has_no_place(root: Path) -> None:
    folders = {path.parent.name for name in _packages(root) for path in (root / name).rglob("*.py")}
    assert not folders & FORBIDDEN_FOLDERS


def test_only_the_settings_read_the_environment(root: Path) -> None:
    # The command line is a program of its own beside the server: it reads where the server is.
    allowed = {"api/settings.py", "api/cli/client.py"}
    readers = {
        str(path.relative_to(root))
        for name in _packages(root)
        for path in (root / name).rglob("*.py")
        if re.search(r"environ(\.get\(|\[)|getenv\(", path.read_text())
    }
    assert readers - allowed == set()


def test_tests_have_no_packages(root: Path) -> None:
    assert list((root / "tests").rglob("__init__.py")) == []
