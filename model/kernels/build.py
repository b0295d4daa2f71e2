"""Compiles the kernels, once for each source, torch, compiler and processor.

    python -m model.kernels.build

does so ahead of time, for images and first starts. The library is put into the user's own cache
folder, which nobody else may write: whoever can change it runs code here.
"""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import torch

from model.durable_files import exclusive, publish
from model.errors import KernelsUnavailable
from model.kernels.processor import NEEDED, processor_flags

COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-std=c++20", "-O3", "-march=native", "-fPIC", "-shared")
COMPILE_SECONDS_MAX = 300
_SOURCE = Path(__file__).with_name("source")
_TORCH = Path(torch.__file__).parent


def cache_folder() -> Path:
    """Return where compiled kernels are kept."""
    return Path.home() / ".cache" / "sourcebook" / "kernels"


def built_library(folder: Path | None = None) -> Path:
    """Return the compiled kernels, compiling them if need be (some seconds).

    Raises:
        KernelsUnavailable: the processor lacks what they need, there is no compiler or it failed,
            or the cache folder cannot be used or trusted.
    """
    if missing := NEEDED - processor_flags():
        raise KernelsUnavailable(f"the processor has no {', '.join(sorted(missing))}")
    try:
        return _built(folder or cache_folder())
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        raise KernelsUnavailable(f"the cache folder cannot be used: {error}") from error


def _built(folder: Path) -> Path:
    _make_private(folder)
    library = folder / f"{_key()}.so"
    with exclusive(folder / ".lock"):
        if not library.exists():
            unfinished = folder / f".{library.name}.unfinished"
            _compile(unfinished)
            publish(unfinished, library)
    _check_private(library)
    return library


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    _check_private(folder)


def _check_private(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or status.st_uid != os.getuid():
        raise KernelsUnavailable(f"{path} does not belong to this user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise KernelsUnavailable(f"{path} can be written by others; chmod go-w it")


def _key() -> str:
    """Name what the machine code depends on: old ones stay for other machines on the same home."""
    digest = hashlib.sha256(f"{torch.__version__} {FLAGS} {sorted(processor_flags())}".encode())
    for path in sorted(_SOURCE.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _compile(library: Path) -> None:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise KernelsUnavailable(f"there is no compiler ({', '.join(COMPILERS)})")
    try:
        done = subprocess.run(  # noqa: S603 - a compiler from the path, with fixed arguments
            [compiler, *FLAGS, str(_SOURCE / "library.cpp"), *_torch_flags(), "-o", str(library)],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMPILE_SECONDS_MAX,
        )
    except subprocess.TimeoutExpired as error:
        raise KernelsUnavailable(f"{compiler} took over {COMPILE_SECONDS_MAX} s") from error
    if done.returncode != 0:
        raise KernelsUnavailable(f"{compiler} failed: {done.stderr.strip()[:500]}")


def _torch_flags() -> list[str]:
    include = _TORCH / "include"
    return [
        "-isystem",
        str(include),
        "-isystem",
        str(include / "torch" / "csrc" / "api" / "include"),
        f"-L{_TORCH / 'lib'}",
        "-ltorch_cpu",
        "-lc10",
    ]


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{built_library()}\n")
    except KernelsUnavailable as error:
        sys.exit(f"{error}")
