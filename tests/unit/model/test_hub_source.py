from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from model.errors import SourceUnavailable
from model.known_models import CarrierPackages, KnownModel
from model.progress import unreported
from model.sources.hub import HubSource

CONTENT = bytes(range(256)) * 100
MODEL = KnownModel("tiny", "tiny.gguf", len(CONTENT), "", "some/one", CarrierPackages("", "", 0))
Handler = Callable[[httpx.Request], httpx.Response]


def fetch(handler: Handler, working: Path) -> bytes:
    source = HubSource("https://hub.example/", httpx.MockTransport(handler))
    return source.fetch(MODEL, working, unreported).read_bytes()


def with_ranges(request: httpx.Request) -> httpx.Response:
    if "range" not in request.headers:
        return httpx.Response(200, content=CONTENT)
    start = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
    return httpx.Response(206, content=CONTENT[start:])


def test_address_and_redirect(tmp_path: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.host == "hub.example":
            assert request.url.path == "/some/one/resolve/main/tiny.gguf"
            assert "authorization" not in request.headers
            return httpx.Response(302, headers={"location": "https://cdn.example/x"})
        return httpx.Response(200, content=CONTENT)

    assert fetch(handler, tmp_path) == CONTENT


def test_interrupted_download_goes_on(tmp_path: Path) -> None:
    (tmp_path / MODEL.file_name).write_bytes(CONTENT[:1000])
    ranges: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        ranges.append(request.headers["range"])
        return with_ranges(request)

    assert fetch(handler, tmp_path) == CONTENT
    assert ranges == ["bytes=1000-"]


def test_server_without_ranges_starts_over(tmp_path: Path) -> None:
    (tmp_path / MODEL.file_name).write_bytes(b"x" * 1000)
    assert fetch(lambda _: httpx.Response(200, content=CONTENT), tmp_path) == CONTENT


def test_whole_download_is_not_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / MODEL.file_name).write_bytes(CONTENT)
    assert fetch(lambda _: httpx.Response(500), tmp_path) == CONTENT


def test_endless_answer_is_cut_off(tmp_path: Path) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=(CONTENT for _ in range(1000)))

    assert len(fetch(handler, tmp_path)) <= 2 * len(CONTENT)


def test_refusal_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="404"):
        fetch(lambda _: httpx.Response(404), tmp_path)


def test_broken_connection_keeps_what_came(tmp_path: Path) -> None:
    def broken() -> object:
        yield CONTENT[:5000]
        raise httpx.ReadError("gone")

    with pytest.raises(SourceUnavailable, match="ReadError"):
        fetch(lambda _: httpx.Response(200, content=broken()), tmp_path)
    assert fetch(with_ranges, tmp_path) == CONTENT
