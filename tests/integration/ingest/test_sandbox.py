"""The sandbox with its real processes."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import detect
from ingest.errors import ParseError, ParserCrashed, ParserTimedOut, SandboxUnavailable
from ingest.sandbox import ParserSandbox
from ingest.settings import ParseLimits

ROOT = Path(__file__).resolve().parents[3]
SLOW = b"<p>" + b"<b>x</b> " * 400_000  # several seconds


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as running:
        yield running


def test_it_parses_bytes_and_streams(sandbox: ParserSandbox, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"One.\n\nTwo.")
    with (tmp_path / "a").open("rb") as stream:
        assert sandbox.parse(stream, detect.TEXT).text == "One.\n\nTwo."
    assert sandbox.parse(b"One.", detect.TEXT).text == "One."


def test_it_parses_in_several_threads(sandbox: ParserSandbox) -> None:
    found: dict[int, str] = {}

    def parse(number: int) -> None:
        found[number] = sandbox.parse(f"text {number}".encode(), detect.TEXT).text

    threads = [threading.Thread(target=parse, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {number: f"text {number}" for number in range(8)}


def test_wall_clock_time_is_bounded(sandbox: ParserSandbox) -> None:
    with pytest.raises(ParserTimedOut) as raised:
        sandbox.parse(b"word. " * 2_000_000, detect.TEXT, ParseLimits(parse_seconds_max=0.01))
    assert raised.value.retryable


def test_processor_time_is_bounded(sandbox: ParserSandbox) -> None:
    with pytest.raises(ParserTimedOut):
        sandbox.parse(SLOW, detect.HTML, ParseLimits(parse_cpu_seconds_max=1))


def test_the_answer_is_bounded(sandbox: ParserSandbox) -> None:
    with pytest.raises(ParserCrashed):
        sandbox.parse(b"x" * 100_000, detect.TEXT, ParseLimits(parse_result_bytes_max=1000))


def error_of(sandbox: ParserSandbox, content: bytes) -> BaseException:
    with pytest.raises(ParseError) as raised:
        sandbox.parse(content, detect.HTML)
    return raised.value


def wait_for_child(pid: int) -> None:
    deadline = time.monotonic() + 30
    while not Path(f"/proc/{pid}/task/{pid}/children").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_its_warm_process_is_clean_replaced_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOOK_KEY", "environment-canary")
    before = len(list(Path("/proc/self/fd").iterdir()))
    sandbox = ParserSandbox()
    sandbox.parse(b"text", detect.TEXT)
    first = sandbox._process
    assert first is not None
    assert b"environment-canary" not in Path(f"/proc/{first.pid}/environ").read_bytes()
    assert "torch" not in Path(f"/proc/{first.pid}/maps").read_text()  # 1.3 s and 200 MB

    failed: list[BaseException] = []
    thread = threading.Thread(target=lambda: failed.append(error_of(sandbox, SLOW)))
    thread.start()
    wait_for_child(first.pid)
    first.kill()
    thread.join(60)
    assert [type(error) for error in failed] == [SandboxUnavailable]
    assert sandbox.parse(b"after", detect.TEXT).text == "after"

    second = sandbox._process
    assert second is not None
    sandbox.close()
    assert not Path(f"/proc/{second.pid}").exists()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_no_plaintext_is_written_to_a_disk(sandbox: ParserSandbox, tmp_path: Path) -> None:
    canary = "plaintext-canary-" + "7f3a" * 4
    mark = tmp_path / "mark"
    mark.touch()
    html = f"<html><body><h1>{canary}</h1><p>Text.</p></body></html>".encode()
    for content, media_type in ((html, detect.HTML), (canary.encode(), detect.TEXT)):
        assert canary in sandbox.parse(content, media_type).text
    folders = ["/tmp", "/var/tmp", "/dev/shm", str(Path.home() / ".cache")]
    command = ["find", *folders, "-newer", mark, "-type", "f", "-size", "-2M"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for name in listed.splitlines():
        try:
            written = Path(name).read_bytes()
        except OSError:
            continue
        assert canary.encode() not in written or str(tmp_path) in name


PROBE = """
import json, os, socket, sys
from pathlib import Path
from ingest.sandbox import confinement
from ingest.settings import ParseLimits

def refused(attempt):
    try:
        attempt()
    except OSError:
        return True
    return False

mapped = confinement.mapped_bytes()
report = {"network": confinement.leave_network(), "files": confinement.leave_files()}
confinement.confine_child(ParseLimits(parse_memory_bytes_max=200 * 2**20), mapped)
secret, port = sys.argv[1], int(sys.argv[2])
report["reads"] = not refused(lambda: Path(secret).read_bytes())
report["writes"] = not refused(lambda: Path(secret + ".new").write_bytes(b"x"))
report["connects"] = not refused(lambda: socket.create_connection(("127.0.0.1", port), 2))
report["runs"] = not refused(lambda: os.system("true"))
report["loads_code"] = not refused(lambda: __import__("colorsys"))
try:
    bytearray(400 * 2**20)
    report["allocates"] = True
except MemoryError:
    report["allocates"] = False
print(json.dumps(report))
"""


def test_a_confined_process_can_do_nothing_but_read_code(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_bytes(b"secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        result = subprocess.run(
            [sys.executable, "-c", PROBE, str(secret), port],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
    report = json.loads(result.stdout)
    assert not report["connects"]
    assert not report["runs"]
    assert not report["writes"]
    assert not report["allocates"]
    assert report["loads_code"]
    assert report["reads"] is not report["files"]  # files are closed where the kernel has Landlock
