"""A fetch that is killed goes on where it was, from a real server in a real process."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

CONTENT = bytes(range(256)) * 4096  # 1 MiB
HALF = len(CONTENT) // 2
FETCH = """
import hashlib, sys
from pathlib import Path
from model.fetch import fetch_model
from model.known_models import CarrierPackages, KnownModel
from model.sources.hub import HubSource
url, folder, size, sha256 = sys.argv[1:]
model = KnownModel("tiny", "tiny.gguf", int(size), sha256, "some/one", CarrierPackages("", "", 0))
fetch_model(model, Path(folder), [HubSource(url)])
"""


class StallingHub(ThreadingHTTPServer):
    """Sends half the file to its first visitor and then nothing more."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Download)
        self.ranges: list[str | None] = []
        self.closing = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Download(BaseHTTPRequestHandler):
    server: StallingHub  # type: ignore[assignment]

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        if len(self.server.ranges) > 1:
            self.wfile.write(CONTENT[start:])
        else:
            self.wfile.write(CONTENT[:HALF])
            self.server.closing.wait(60)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def running() -> Iterator[StallingHub]:
    hub = StallingHub()
    thread = Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        hub.closing.set()
        hub.shutdown()
        hub.server_close()
        thread.join()


def test_killed_fetch_goes_on(tmp_path: Path) -> None:
    begun = tmp_path / ".fetch" / "tiny" / "hub" / "tiny.gguf"
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    with running() as hub:
        command = [sys.executable, "-c", FETCH, hub.url, tmp_path, str(len(CONTENT)), sha256]
        with subprocess.Popen(command) as first:
            while first.poll() is None and not (
                begun.exists() and begun.stat().st_size > HALF // 2
            ):
                time.sleep(0.01)
            first.kill()
        kept = begun.stat().st_size
        assert 0 < kept < len(CONTENT)
        assert not (tmp_path / "tiny.gguf").exists()
        subprocess.run(command, check=True)
        assert hub.ranges == [None, f"bytes={kept}-"]
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT
    assert not begun.exists()
