"""Landlock: the kernel refuses every file that is not on a list, and TCP, for good.

Linux documentation: https://docs.kernel.org/userspace-api/landlock.html (rights and versions).
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_QUERY = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_WRITE_FILE, _MAKE_SOCKET, _TRUNCATE, _DEVICE = 1 << 1, 1 << 9, 1 << 14, 1 << 15
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NETWORK_SINCE_VERSION = 4
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


_libc = ctypes.CDLL(None, use_errno=True)


def restrict_to(
    readable: Iterable[Path], writable: Iterable[Path] = (), sockets: Iterable[Path] = ()
) -> bool:
    """Let this process and its children read below `readable`, write below `writable`, no more.

    Below `sockets` they may make Unix sockets, but not remove them.

    Returns whether the kernel enforces it.
    """
    version = _libc.syscall(_CREATE_RULESET, None, 0, _VERSION_QUERY)
    if version < 1:
        return False
    ruleset = _create(version)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow(ruleset, path, _READ)
        for path in writable:
            _allow(ruleset, path, _file_rights(version))
        for path in sockets:
            _allow(ruleset, path, _MAKE_SOCKET)
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(_libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _file_rights(version: int) -> int:
    return (1 << _FILE_RIGHTS_BY_VERSION.get(version, 16)) - 1


def _create(version: int) -> int:
    rights = _file_rights(version)
    network = _BIND_TCP | _CONNECT_TCP if version >= _NETWORK_SINCE_VERSION else 0
    ruleset = _Ruleset(rights, network)
    size = ctypes.sizeof(ruleset) if network else ctypes.sizeof(ctypes.c_uint64)
    return int(_libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), size, 0))


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    try:
        if not path.is_dir():
            rights &= _OF_A_FILE
        rule = _PathBeneath(rights, parent)
        _libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
