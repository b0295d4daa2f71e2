"""HTTP ranges (RFC 9110, section 14) over a seekable file: one range a request."""

import io
import re
from collections.abc import Iterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

PIECE_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

# What a browser may show by itself; anything else, HTML above all, is only ever downloaded.
SHOWN_INLINE = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp", "text/plain"})


def content_response(
    content: io.RawIOBase, name: str, media_type: str, range_header: str | None
) -> Response:
    """Stream a file or a part of it; closes `content` at the end.

    Side effects: none until the response is iterated.
    """
    size = content.seek(0, io.SEEK_END)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Disposition": _disposition(name, media_type),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    part = _part(range_header, size)
    if part is None:
        content.close()
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = part
    headers["Content-Length"] = str(stop - start)
    whole = range_header is None or (start, stop) == (0, size)
    if not whole:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    status = 200 if whole else 206
    return StreamingResponse(_pieces(content, start, stop), status, headers, media_type)


def _disposition(name: str, media_type: str) -> str:
    kind = "inline" if media_type in SHOWN_INLINE else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(name, safe='')}"


def _part(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the half-open part of the file that is asked for; None if it lies outside."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return 0, size  # a range that is not understood is ignored, as the RFC has it
    first, last = match.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) and size else None
    start, stop = int(first), min(size, int(last) + 1 if last else size)
    return (start, stop) if start < stop else None


def _pieces(content: io.RawIOBase, start: int, stop: int) -> Iterator[bytes]:
    with content:
        content.seek(start)
        while start < stop and (piece := content.read(min(PIECE_BYTES, stop - start))):
            start += len(piece)
            yield piece
