"""What this processor can do."""

import platform
from functools import cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


@cache
def processor_flags() -> frozenset[str]:
    """Return what the processor can do, in Linux' words; nothing elsewhere than x86-64 Linux."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return frozenset()
    for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
        name, _, flags = line.partition(":")
        if name.strip() == "flags":
            return frozenset(flags.split())
    return frozenset()
