"""Compiles kernels in C++, once for each source, torch and processor.

The library is put into the user's own cache folder, which nobody else may write: whoever can change
it runs code here.
"""

import hashlib
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import torch

from model.durable_files import exclusive, publish
from model.errors import KernelsUnavailable
from model.kernels.processor import processor_flags

COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-std=c++20", "-O3", "-march=native", "-fPIC", "-shared")
COMPILE_SECONDS_MAX = 300
_TORCH = Path(torch.__file__).parent


@dataclass(frozen=True, slots=True)
class KernelSource:
    """A folder of C++ whose `library.cpp` registers operators with torch.

    It is complete: the library is named by the hash of what lies in it. Hence the few lines that
    configure the processor's tiles stand in each folder that uses them, here and in `retrieval`.
    """

    name: str
    """Begins the names of what is compiled from it."""
    folder: Path
    needed: frozenset[str]
    """What the processor must be able to do, in Linux' words."""


def cache_folder() -> Path:
    """Return where compiled kernels are kept."""
    return Path.home() / ".cache" / "sourcebook" / "kernels"


def built_library(source: KernelSource, folder: Path | None = None) -> Path:
    """Return the compiled kernels, compiling them if need be (some seconds).

    `folder` is where they are kept, by default the cache folder.

    Raises:
        KernelsUnavailable: the processor lacks what they need, there is no compiler or it failed,
            or the cache folder cannot be used or trusted.
    """
    if missing := source.needed - processor_flags():
        raise KernelsUnavailable(f"the processor has no {', '.join(sorted(missing))}")
    try:
        return _built(source, folder or cache_folder())
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        raise KernelsUnavailable(f"the cache folder cannot be used: {error}") from error


def _built(source: KernelSource, folder: Path) -> Path:
    _make_private(folder)
    library = folder / f"{source.name}-{_key(source)}.so"
    with exclusive(folder / f".{source.name}.lock"):
        if not library.exists():
            unfinished = folder / f".{library.name}.unfinished"
            _compile(source, unfinished)
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


def _key(source: KernelSource) -> str:
    """Name what the machine code depends on: old ones stay for other machines on the same home."""
    digest = hashlib.sha256(f"{torch.__version__} {FLAGS} {sorted(processor_flags())}".encode())
    for path in sorted(source.folder.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _compile(source: KernelSource, library: Path) -> None:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise KernelsUnavailable(f"there is no compiler ({', '.join(COMPILERS)})")
    try:
        done = subprocess.run(  # noqa: S603 - a compiler from the path, with fixed arguments
            [
                compiler,
                *FLAGS,
                str(source.folder / "library.cpp"),
                *_torch_flags(),
                "-o",
                str(library),
            ],
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
