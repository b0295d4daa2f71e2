"""Clients that search over HTTP: raw sockets, since a full client would cost what it measures."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

import numpy as np

_HEADER_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length: "


@dataclass(frozen=True, slots=True)
class Load:
    """What some clients measured, in milliseconds; `rate` is searches a second."""

    p50: float
    p95: float
    rate: float


def searches(port: int, token: str, questions: Sequence[str]) -> Iterator[bytes]:
    """Write requests for one question after the other, from the start again at the end."""
    for question in cycle(questions):
        body = json.dumps({"query": question}).encode()
        head = (
            f"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def measure(port: int, requests: Iterator[bytes], *, clients: int, count: int) -> Load:
    """Send `count` requests, each client one after the other.

    Raises:
        RuntimeError: one of them failed.
    """
    return asyncio.run(_measured(port, requests, clients, count))


async def _measured(port: int, requests: Iterator[bytes], clients: int, count: int) -> Load:
    left = iter(range(count))
    times: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            started = time.perf_counter()
            writer.write(next(requests))
            await _read(reader)
            times.append(time.perf_counter() - started)
        writer.close()
        await writer.wait_closed()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - started
    p50, p95 = np.percentile(times, (50, 95)).tolist()
    return Load(1000 * p50, 1000 * p95, count / seconds)


async def _read(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(_HEADER_END)).lower()
    length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 200"):
        message = f"a search failed: {head.partition(b' ')[2][:3].decode()}"
        raise RuntimeError(message)
    return body
