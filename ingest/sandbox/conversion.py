"""Office documents in another format: LibreOffice converts them, where it is installed.

It runs in a process group of its own that can read programs and fonts and write one folder, without
network, under limits. The folder lies in memory and is gone afterwards, so no plaintext reaches a
disk.
"""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

import structlog

from ingest import detect
from ingest.errors import DocumentDamaged, OfficeUnavailable
from ingest.sandbox.conversion_confined import SOCKETS, profile_of
from ingest.settings import ParseLimits

_log = structlog.get_logger()

_PROGRAM = "soffice"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory; the folder in it is private
_ROOT = Path(__file__).resolve().parents[2]
_TURN = threading.Lock()  # a worker may have several documents at hand, and this takes much memory

Format = Literal["pdf", "docx", "pptx"]
_MODERN: Mapping[str, tuple[str, Format]] = {
    detect.DOC: (detect.DOCX, "docx"),
    detect.PPT: (detect.PPTX, "pptx"),
}


def converter() -> str | None:
    """Path of LibreOffice, if it is installed and there is memory to give it files in."""
    return shutil.which(_PROGRAM) if _MEMORY.is_dir() else None


def modern(
    content: BinaryIO | bytes, media_type: str, limits: ParseLimits
) -> tuple[BinaryIO | bytes, str]:
    """Return a document of Office 97-2003 in the format that followed, others as they are.

    Side effects: see `converted`.

    Raises:
        OfficeUnavailable: LibreOffice is not installed, or switched off.
        DocumentDamaged: it could not open the document, which may need a password.
    """
    if media_type not in _MODERN:
        return content, media_type
    if converter() is None or not limits.office_seconds_max:
        raise OfficeUnavailable
    becomes, target = _MODERN[media_type]
    result = converted(
        io.BytesIO(content) if isinstance(content, bytes) else content, target, limits
    )
    if result is None:
        raise DocumentDamaged
    return result, becomes


def converted(content: BinaryIO, target: Format, limits: ParseLimits) -> bytes | None:
    """Convert a document; None where that is not wanted or not possible.

    Side effects: runs a program for some seconds, with up to `office_memory_bytes_max`, one at a
    time.
    """
    program = converter()
    if program is None or not limits.office_seconds_max:
        return None
    with _TURN, tempfile.TemporaryDirectory(dir=_MEMORY, prefix="sourcebook-") as folder:
        with (Path(folder) / "document").open("wb") as copy:
            shutil.copyfileobj(content, copy)
        result = Path(folder) / f"document.{target}"
        status = _run(program, folder, target, limits)
        if status and not result.is_file():
            # With new settings it starts itself anew, which the socket that it may not remove
            # prevents; the second time it has settings.
            status = _run(program, folder, target, limits)
        if not result.is_file():
            _log.warning("office.not_converted", status=status)
            return None
        return result.read_bytes()


def _run(program: str, folder: str, target: Format, limits: ParseLimits) -> int | None:
    """Run the confined program and end all that it started; None when it took too long."""
    seconds, memory = limits.office_seconds_max, limits.office_memory_bytes_max
    process = subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
        [
            sys.executable,
            "-s",
            "-m",
            "ingest.sandbox.conversion_confined",
            program,
            folder,
            target,
            str(seconds),
            str(memory),
        ],
        cwd=_ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(_ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _remove_socket(folder)


def _remove_socket(folder: str) -> None:
    """Remove the socket that the program may make but not remove; it is named by its profile."""
    digest = hashlib.md5(profile_of(folder).encode("utf-16-le"), usedforsecurity=False).digest()
    name = "".join(f"{byte:x}" for byte in digest)
    for socket in SOCKETS.glob(f"OSL_PIPE_*_SingleOfficeIPC_{name}"):
        with suppress(OSError):
            socket.unlink()
