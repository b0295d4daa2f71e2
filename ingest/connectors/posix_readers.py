"""Who may read a file of a folder, by the owning groups and modes of it and of what holds it."""

import grp
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import Final

from ingest.connectors.port import Readers

_EVERYBODY: Final = Readers(everyone=True)
_NOBODY: Final = Readers()
_ACCESS_LIST: Final = "system.posix_acl_access"


class PosixReaders:
    """Tells readers of files below `root`, of which itself the way there is open to all.

    What cannot be said in groups, nobody may read: files of their owner alone, what others may read
    and the group may not, files in folders of two groups, links, and whatever has an access list of
    its own (acl(5)), for there the group's bits mean something else. Lists of NFSv4 are not seen.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[Path, Readers] = {}

    def of(self, path: Path, found: os.stat_result) -> Readers:
        """Return who may read a file and pass every folder above it."""
        if path.is_symlink():
            return _NOBODY
        above = self._through(path.parent)
        return _narrowed(above, path, found, (stat.S_IROTH, stat.S_IRGRP))

    def _through(self, folder: Path) -> Readers:
        if folder not in self._folders:
            above = _EVERYBODY if folder == self._root else self._through(folder.parent)
            bits = (stat.S_IXOTH, stat.S_IXGRP)
            self._folders[folder] = _narrowed(above, folder, folder.stat(), bits)
        return self._folders[folder]


def _narrowed(above: Readers, path: Path, found: os.stat_result, bits: tuple[int, int]) -> Readers:
    others, group = (bool(found.st_mode & bit) for bit in bits)
    if not group or _has_access_list(path):
        return _NOBODY
    if others:
        return above
    name = _group_name(found.st_gid)
    return Readers(groups=frozenset({name})) if above.everyone or name in above.groups else _NOBODY


def _has_access_list(path: Path) -> bool:
    try:
        os.getxattr(path, _ACCESS_LIST, follow_symlinks=False)
    except OSError:  # it has none, or its file system knows none
        return False
    return True


@lru_cache(maxsize=1024)
def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
