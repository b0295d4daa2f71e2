"""Which files of a source are left out."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

_ALWAYS: Final = (
    ".*",
    "~$*",
    "*~",
    "*.tmp",
    "*.part",
    "*.crdownload",
    "*.swp",
    "Thumbs.db",
    "desktop.ini",
)
"""Hidden files, and what programs leave beside a file while they write it."""


def is_ignored(path: str, ignore: Iterable[str]) -> bool:
    """Whether a path, with / between its parts, or a folder of it is left out."""
    parts = path.split("/")
    return any(is_entry_ignored("/".join(parts[:end]), ignore) for end in range(1, len(parts) + 1))


def is_entry_ignored(path: str, ignore: Iterable[str]) -> bool:
    """Whether one entry of a folder is left out, by its name or by its path; not what holds it."""
    name = path.rsplit("/", 1)[-1]
    return any(fnmatchcase(name, rule) or fnmatchcase(path, rule) for rule in (*_ALWAYS, *ignore))
