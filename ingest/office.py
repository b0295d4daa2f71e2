"""Office documents as PDF, to be looked at: LibreOffice converts each once, where it is installed.

It runs in a process group of its own that can read programs and fonts and write one folder, without
network, under limits. The folder lies in memory and is gone afterwards, so no plaintext reaches a
disk. A document that cannot be converted is shown as its text.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import structlog

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.errors import ParseError
from ingest.office_confined import SOCKETS, profile_of
from ingest.settings import ParseLimits

_log = structlog.get_logger()

CONVERTED = frozenset(
    {
        detect.DOCX,
        detect.ODT,
        detect.RTF,
        detect.PPTX,
        detect.ODP,
        detect.XLSX,
        detect.XLS,
        detect.ODS,
    }
)
_PROGRAM = "soffice"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory; the folder in it is private
_ROOT = Path(__file__).resolve().parents[1]


Parse = Callable[[BinaryIO | bytes, str, ParseLimits], ParsedDocument]


@dataclass(frozen=True, slots=True)
class OfficeView:
    """A document as PDF, and what is read in that."""

    pdf: bytes
    document: ParsedDocument


class OfficeViews:
    """Makes views of office documents; `parse` reads the PDF in the sandbox."""

    def __init__(self, parse: Parse, limits: ParseLimits) -> None:
        self._parse = parse
        self._limits = limits

    def __call__(self, content: BinaryIO, media_type: str) -> OfficeView | None:
        """Return the view of a document; None where there can be none."""
        pdf = as_pdf(content, media_type, self._limits)
        if pdf is None:
            return None
        limits = self._limits.model_copy(update={"ocr_pages_max": 0})  # pictures have no words here
        try:
            return OfficeView(pdf, self._parse(pdf, detect.PDF, limits))
        except ParseError as error:
            _log.warning("office.not_read", code=error.code)
            return None


def converter() -> str | None:
    """Path of LibreOffice, if it is installed and there is memory to give it files in."""
    return shutil.which(_PROGRAM) if _MEMORY.is_dir() else None


def as_pdf(content: BinaryIO, media_type: str, limits: ParseLimits) -> bytes | None:
    """Convert a document; None where that is not wanted or not possible.

    Side effects: runs a program for some seconds, with up to `office_memory_bytes_max`.
    """
    program = converter()
    if media_type not in CONVERTED or program is None or not limits.office_seconds_max:
        return None
    with tempfile.TemporaryDirectory(dir=_MEMORY, prefix="sourcebook-") as folder:
        with (Path(folder) / "document").open("wb") as target:
            shutil.copyfileobj(content, target)
        result = Path(folder) / "document.pdf"
        status = _run(program, folder, limits)
        if status and not result.is_file():
            # With new settings it starts itself anew, which the socket that it may not remove
            # prevents; the second time it has settings.
            status = _run(program, folder, limits)
        if not result.is_file():
            _log.warning("office.not_converted", status=status)
            return None
        return result.read_bytes()


def _run(program: str, folder: str, limits: ParseLimits) -> int | None:
    """Run the confined program and end all that it started; None when it took too long."""
    seconds, memory = limits.office_seconds_max, limits.office_memory_bytes_max
    process = subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
        [
            sys.executable,
            "-s",
            "-m",
            "ingest.office_confined",
            program,
            folder,
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
