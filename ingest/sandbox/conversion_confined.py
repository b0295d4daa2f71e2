"""Become LibreOffice, after giving up network, files and time.

Called as `python -m ingest.sandbox.conversion_confined` PROGRAM FOLDER TARGET SECONDS BYTES. The
folder lies in memory, holds `document` and gets `document.TARGET`; seconds are of processor time,
bytes of address space. Exit status 77: this kernel cannot confine it.
"""

import os
import resource
import sys
from pathlib import Path

from ingest.sandbox.confinement import leave_network
from ingest.sandbox.landlock import restrict_to

NOT_CONFINED = 77
_READABLE = ("/usr", "/lib", "/lib64", "/opt", "/etc/fonts", "/etc/libreoffice", "/etc/ld.so.cache")
# Debian keeps what LibreOffice shares between people under /var; without it, it aborts.
_SHARED = ("/var/lib/libreoffice", "/var/spool/libreoffice")
_ALSO_READABLE = ("/var/cache/fontconfig", "/dev/urandom", "/etc/passwd", "/sys/devices/system/cpu")
SOCKETS = Path("/tmp")  # noqa: S108 - where LibreOffice puts one, whatever it is told
_FILE_BYTES_MAX = 512 * 1024 * 1024


def profile_of(folder: str) -> str:
    """Address of the settings that the program makes for this one document."""
    return f"file://{folder}/profile"


def main() -> None:
    """Confine this process and run the program in its place."""
    program, folder, target, seconds, memory = sys.argv[1:]
    leave_network()
    readable = map(Path, (*_READABLE, *_SHARED, *_ALSO_READABLE))
    if not restrict_to(readable, [Path(folder), Path("/dev/null")], [SOCKETS]):
        sys.exit(NOT_CONFINED)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 2))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES_MAX, _FILE_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(folder)
    arguments = [
        program,
        f"-env:UserInstallation={profile_of(folder)}",
        *("--headless", "--norestore", "--nolockcheck", "--nodefault"),
        *("--convert-to", target, "--outdir", folder, f"{folder}/document"),
    ]
    environment = {
        "HOME": folder,
        "TMPDIR": folder,
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
    }
    os.execve(program, arguments, environment)  # noqa: S606 - the program that an administrator installed


if __name__ == "__main__":
    main()
