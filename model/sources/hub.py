"""A model hub, over plain HTTPS and without an account."""

from pathlib import Path
from typing import BinaryIO

import httpx

from model.errors import SourceUnavailable
from model.known_models import KnownModel
from model.progress import Progress

TIMEOUT = httpx.Timeout(30, connect=5)  # seconds


class HubSource:
    """Downloads `<base_url>/<repository>/resolve/main/<file>`, going on where it was cut off."""

    name = "hub"

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._transport = transport

    def fetch(self, model: KnownModel, working: Path, progress: Progress) -> Path:
        """Download what is missing; see `ModelSource.fetch`."""
        download = working / model.file_name
        with download.open("ab") as file:
            if file.tell() < model.size_bytes:
                try:
                    self._download_rest(model, file, progress)
                except httpx.HTTPError as error:
                    raise SourceUnavailable(f"the download failed ({error!r})") from error
        return download

    def _download_rest(self, model: KnownModel, file: BinaryIO, progress: Progress) -> None:
        url = f"{self._base_url}/{model.hub_repository}/resolve/main/{model.file_name}"
        headers = {"Range": f"bytes={file.tell()}-"} if file.tell() else {}
        with (
            httpx.Client(
                transport=self._transport, timeout=TIMEOUT, follow_redirects=True
            ) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            response.raise_for_status()
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                file.truncate(0)  # the server sends the whole file again
            _append(response, file, model.size_bytes, progress)


def _append(response: httpx.Response, file: BinaryIO, size_bytes: int, progress: Progress) -> None:
    done = file.seek(0, 2)
    for block in response.iter_bytes():
        done += file.write(block)
        if done > size_bytes:
            return  # not the official file; verification says so
        progress(done, size_bytes)
