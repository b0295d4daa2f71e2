"""The warm process: loads the libraries once, then forks a child for each document.

Started by `host` as `python -m ingest.sandbox.zygote FD`; FD is a SEQPACKET socket. Messages,
each one packet of JSON:

    -> {"media_type": ..., "limits": {...}, "scans": [...], "pictures": [...]} with two descriptors:
       the document, the answer's pipe; `scans` are the numbers of the pages to read by OCR and
       `pictures` the pictures of an office document, neither for all the rest
    <- {"pid": ...}
    -> {"reap": pid}
    <- {"status": ...}              as `os.waitpid` gives it, null for a child of another

A child stays a zombie until it is reaped, so the host can kill its process group without fear of
hitting another that got the same number. When the socket closes, the zygote ends and its children
with it.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from ingest import parsers
from ingest.blocks import ParsedDocument
from ingest.errors import DocumentDamaged, IngestError, ParserOutOfMemory
from ingest.sandbox import confinement, wire
from ingest.settings import ParseLimits

PACKET_BYTES_MAX = 16_384
_WARM = (
    "elements",  # first: it keeps torch out, which spaCy would load (1.3 s, 200 MB)
    "pdf",
    "docx",
    "pptx",
    "html",
    "markdown",
    "email",
    "msg",
    "odf",
    "epub",
    "rtf",
    "spreadsheet",
    "csv",
    "text",
    "picture",
)
_FIRST_OWN_DESCRIPTOR = 3
_DESCRIPTORS_MAX = 1024


def main() -> None:
    """Serve until the host goes away."""
    with socket.socket(fileno=int(sys.argv[1])) as control:
        no_network = confinement.leave_network()
        _warm_up()
        os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # libraries print what they read
        mapped = confinement.mapped_bytes()
        no_files = confinement.leave_files()
        control.send(json.dumps({"no_network": no_network, "no_files": no_files}).encode())
        while _serve(control, mapped):
            pass


def _warm_up() -> None:
    """Load every parser, and run the ones whose libraries put off work until their first use."""
    for name in _WARM:
        __import__(f"ingest.parsers.{name}")
    with suppress(IngestError):
        sys.modules["ingest.parsers.html"].read("<h1>Warm</h1><p>This sentence loads the rest.</p>")


def _serve(control: socket.socket, mapped: int) -> bool:
    packet, descriptors, _, _ = socket.recv_fds(control, PACKET_BYTES_MAX, 2)
    if not packet:
        return False
    message = json.loads(packet)
    if "reap" in message:
        control.send(json.dumps({"status": _reap(message["reap"])}).encode())
        return True
    content, answer = descriptors
    limits = ParseLimits.model_validate(message["limits"])
    pid = os.fork()
    if pid == 0:
        control.close()
        confined = partial(confinement.confine_child, limits, mapped)
        work = partial(_parsed, content, answer, message, limits)
        _child(content, answer, confined, work)
    os.close(content)
    os.close(answer)
    control.send(json.dumps({"pid": pid}).encode())
    return True


def _reap(pid: int) -> int | None:
    """Wait for a child's end; None for a child of an earlier warm process, which died with it."""
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return None


def _child(
    content: int, answer: int, confined: Callable[[], None], work: Callable[[], ParsedDocument]
) -> None:
    """Parse one document, write the answer, end. Never returns."""
    try:
        os.setsid()
        _close_others(content, answer)
        confined()
        _write(answer, _answer(work))
        os._exit(0)
    finally:
        os._exit(1)


def _close_others(*kept: int) -> None:
    """Close every descriptor but the standard streams and `kept`."""
    edges = [_FIRST_OWN_DESCRIPTOR - 1, *sorted(kept), _DESCRIPTORS_MAX]
    for below, above in pairwise(edges):
        os.closerange(below + 1, above)


def _parsed(
    content: int, answer: int, message: dict[str, Any], limits: ParseLimits
) -> ParsedDocument:
    path = Path(f"/proc/self/fd/{content}")
    media_type, scans, pictures = (message[key] for key in ("media_type", "scans", "pictures"))
    if not (scans or pictures):
        return parsers.parse(path, media_type, limits)
    # The models start threads, which a fork would lose, so they are loaded here and not before.
    module = import_module("ingest.parsers.scans")
    on_page = partial(_write_page, answer)
    read: ParsedDocument = (
        module.read(path, media_type, scans, limits, on_page)
        if scans
        else module.read_pictures(path, media_type, list(map(wire.box, pictures)), limits, on_page)
    )
    return read


def _answer(work: Callable[[], ParsedDocument]) -> bytes:
    try:
        return wire.encode_document(work())
    except IngestError as error:
        return wire.encode_error(error)
    except MemoryError:
        return wire.encode_error(ParserOutOfMemory())
    except Exception:  # noqa: BLE001 - hostile input finds errors that no library declares
        return wire.encode_error(DocumentDamaged())


def _write_page(answer: int, so_far: ParsedDocument) -> None:
    _write(answer, wire.encode_document(so_far) + wire.PAGE_END)


def _write(answer: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(answer, view) :]


if __name__ == "__main__":
    main()
