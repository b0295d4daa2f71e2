"""What a parser process gives up: network, files, time, memory, children."""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from ingest.sandbox.landlock import restrict_to
from ingest.settings import ParseLimits

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG = 1
_CPU_GRACE_SECONDS = 2
_OPEN_FILES_MAX = 64
_SYSTEM_FILES = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/dev/null",
    "/dev/urandom",
    "/sys/devices/system/cpu",  # OpenVINO counts the cores, and waits for ever if it may not
)
_REFUSED_EVENTS = (
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.system",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.sendto",
    "subprocess.Popen",
)

_libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    """Move to a network namespace without interfaces; whether that was allowed.

    Call it while the process has one thread: a new user namespace asks for that.
    """
    return bool(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def leave_files() -> bool:
    """Read only the interpreter, its libraries and the code of parsers; whether enforced."""
    root = Path(__file__).resolve().parents[2]
    code = [root / "ingest", root / "retrieval"]
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), *map(Path, _SYSTEM_FILES)}
    return restrict_to([*code, *sorted(prefixes)])


def confine_child(limits: ParseLimits, mapped: int) -> None:
    """Limits for the process of one document, which dies with the process that forked it.

    `mapped` is the address space of the warm process, in bytes.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    cpu = limits.parse_cpu_seconds_max
    _limit(resource.RLIMIT_CPU, cpu, cpu + _CPU_GRACE_SECONDS)
    memory = mapped + limits.parse_memory_bytes_max
    _limit(resource.RLIMIT_AS, memory, memory)
    _limit(resource.RLIMIT_FSIZE, 0, 0)
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES_MAX, _OPEN_FILES_MAX)
    sys.addaudithook(_refuse)


def _limit(kind: int, soft: int, hard: int) -> None:
    """Set a limit, never above what the process has."""
    ceiling = resource.getrlimit(kind)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(kind, (soft, hard))


def mapped_bytes() -> int:
    """Address space of this process; not to be read any more after `leave_files`."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _REFUSED_EVENTS:
        raise PermissionError
