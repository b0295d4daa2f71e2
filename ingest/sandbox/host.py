"""The trusted side: hands a document to a fresh child and takes a checked answer back."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from ingest.blocks import ParsedDocument
from ingest.errors import DocumentTooLarge, ParseError, SandboxUnavailable
from ingest.sandbox import answers, wire
from ingest.sandbox.attachments import inlined
from ingest.sandbox.conversion import modern
from ingest.sandbox.jobs import Job, OnPage, Reading
from ingest.sandbox.pictures import read_pictures
from ingest.sandbox.scans import read_scans
from ingest.settings import ParseLimits

_START_SECONDS_MAX = 120
_CONTROL_SECONDS_MAX = 30
_PACKET_BYTES_MAX = 16_384


class ParserSandbox:
    """Parses documents in child processes, several at a time from several threads.

    Starts its warm process at the first document (1 to 3 s) and again should it die; `close`, or
    leaving the context, ends it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ocr = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def parse(
        self,
        content: BinaryIO | bytes,
        media_type: str,
        limits: ParseLimits | None = None,
        on_page: OnPage = lambda _done, _total: None,
        earlier: ParsedDocument | None = None,
    ) -> ParsedDocument:
        """Parse `content` of a type that `detect` named; blocks until done.

        Scanned pages, and pictures in office documents, are read by OCR. `on_page` is called after
        each of them; what it raises ends the work. Scanned pages that were read when `earlier` was
        made of the same file are not read again.

        Raises:
            ParseError: the leaf says why; `ParserTimedOut`, `ParserOutOfMemory` and
                `ParserCrashed` when the child overran its limits or died.
            OcrUnavailable: nothing but pictures, and OCR is switched off.
            OfficeUnavailable: only LibreOffice could read it, and it is not installed.
            SandboxUnavailable: no child could be started.
        """
        return self._parse(content, media_type, limits or ParseLimits(), on_page, earlier, depth=0)

    def _parse(
        self,
        content: BinaryIO | bytes,
        media_type: str,
        limits: ParseLimits,
        on_page: OnPage,
        earlier: ParsedDocument | None = None,
        *,
        depth: int,
    ) -> ParsedDocument:
        def parse_inner(inner: bytes, inner_type: str) -> ParsedDocument:
            return self._parse(inner, inner_type, limits, on_page, depth=depth + 1)

        if depth > limits.attachment_depth_max:
            raise DocumentTooLarge
        content, media_type = modern(content, media_type, limits)
        with _memory_file(content) as document:
            job = Job(document.fileno(), media_type, limits)
            found = self._read_pictures(self.run(job), job, on_page, earlier)
        return inlined(found, limits, parse_inner)

    def _read_pictures(
        self,
        found: ParsedDocument,
        job: Job,
        on_page: OnPage,
        earlier: ParsedDocument | None,
    ) -> ParsedDocument:
        """Let OCR read what text was not found in; of one document at a time, on all its cores."""
        if not (found.unread_pages or any(block.kind == "picture" for block in found.blocks)):
            return found
        with self._ocr:
            found = read_scans(found, job, self.read, on_page, earlier)
            return read_pictures(found, job, self.read, on_page)

    def run(self, job: Job) -> ParsedDocument:
        """Parse a document in a child of its own. Raises: as `parse`."""
        answer, failure = self._done(job)
        if failure is not None:
            raise failure
        return wire.decode(answer)

    def read(self, job: Job) -> Reading:
        """Read pages or pictures by OCR in a child of its own, as far as it comes.

        Raises:
            SandboxUnavailable: no child could be started.
        """
        answer, failure = self._done(job)
        return answers.reading(answer, failure, len(job.scans or job.pictures))

    def _done(self, job: Job) -> tuple[bytes, ParseError | None]:
        """Let a child do a job; all that it wrote, and what ended it early."""
        pid, pipe = self._start(job)
        try:
            answer, failure = answers.received(pipe, job)
        finally:
            os.close(pipe)
            status = self._end(pid)
        complete = bool(answer.rpartition(wire.PAGE_END)[2].strip())
        return answer, failure or answers.ended(status, complete=complete)

    def close(self) -> None:
        """End the warm process and every child; a later `parse` starts anew."""
        with self._lock:
            self._stop()

    def _start(self, job: Job) -> tuple[int, int]:
        """Fork a child; its process id and the reading end of its answer."""
        reader, writer = os.pipe2(os.O_CLOEXEC)
        message = {
            "media_type": job.media_type,
            "limits": job.limits.model_dump(),
            "scans": job.scans,
            "pictures": [wire.box_numbers(box) for box in job.pictures],
        }
        try:
            return self._ask(message, [job.document, writer])["pid"], reader
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)

    def _end(self, pid: int) -> int:
        """Kill what is left of a child; its status as `os.waitpid` gives it.

        Raises:
            SandboxUnavailable: its warm process died, and the child with it.
        """
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)  # before it had a group of its own
        status: int | None = self._ask({"reap": pid}, [])["status"]
        if status is None:
            raise SandboxUnavailable
        return status

    def _ask(self, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """One exchange with the warm process, which is started when there is none."""
        with self._lock:
            try:
                control = self._running()
                socket.send_fds(control, [json.dumps(message).encode()], descriptors)
                return _receive(control)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                self._stop()
                raise SandboxUnavailable from error

    def _running(self) -> socket.socket:
        if self._control is not None and self._process is not None:
            if self._process.poll() is None:
                return self._control
            self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _launch(theirs.fileno())
        self._control = ours
        ours.settimeout(_START_SECONDS_MAX)
        _receive(ours)
        ours.settimeout(_CONTROL_SECONDS_MAX)
        return ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


def _launch(control: int) -> subprocess.Popen[bytes]:
    """Start the warm process with a clean environment and one descriptor."""
    root = Path(__file__).resolve().parents[2]
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(root),
        "LC_ALL": "C.UTF-8",
        "HOME": "/nonexistent",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
        [sys.executable, "-s", "-m", "ingest.sandbox.zygote", str(control)],
        env=environment,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[control],
        start_new_session=True,
    )


def _receive(control: socket.socket) -> dict[str, Any]:
    packet = control.recv(_PACKET_BYTES_MAX)
    if not packet:
        raise ConnectionResetError
    message: dict[str, Any] = json.loads(packet)
    return message


def _memory_file(content: BinaryIO | bytes) -> BinaryIO:
    """Put the document in memory that no folder names."""
    descriptor = os.memfd_create("document", os.MFD_CLOEXEC)
    target = os.fdopen(descriptor, "w+b")
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    shutil.copyfileobj(source, target)
    target.flush()
    target.seek(0)
    return target
