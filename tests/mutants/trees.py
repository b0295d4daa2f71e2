"""Copies of the working tree, to be broken in place of it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.mutants.catalogue import Mutation

ROOT: Final = Path(__file__).parents[2]
_BUILT = ("api/static", "tests/integration/identity/oidc_provider/node_modules", ".venv")
"""What tests need and git does not hold; linked, for no mutation touches it."""


def copied(tree: Path) -> Path:
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


def break_source(tree: Path, mutation: Mutation) -> Callable[[], None]:
    """Write the mutation into a copy; return what takes it out again."""
    path = tree / mutation.file
    before, times = path.read_text(), path.stat()
    path.write_text(mutation.applied(before))

    def mend() -> None:
        path.write_text(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # its bytecode is good again

    return mend
