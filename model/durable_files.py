"""Files that are whole or absent, also after a crash."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Hash a file, in lowercase hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(finished: Path, target: Path) -> None:
    """Give a finished file or folder its final name; a crash leaves the old state or the new."""
    for path in [*finished.rglob("*"), finished]:
        sync(path)
    finished.replace(target)
    sync(target.parent)


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold a lock that keeps other processes and threads out; the lock file stays."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
