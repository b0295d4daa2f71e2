"""Files and folders that are made from others once: whole or absent, with a line in the log."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.durable_files import publish

_log = logging.getLogger("sourcebook.model")


@contextmanager
def making(target: Path, why: str) -> Iterator[Path]:
    """Yield the path at which to make a file or folder; whole, it takes the target's place.

    For who holds the target's lock. Side effects: whatever goes wrong, nothing half made is left,
    also of an earlier try that crashed.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    _remove(unfinished)
    _log.info("Making %s: %s. This can take a minute or more.", target.name, why)
    try:
        yield unfinished
        if target.is_dir():  # which no other can replace
            shutil.rmtree(target)
        publish(unfinished, target)
    finally:
        _remove(unfinished)
    _log.info("Made %s.", target.name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
