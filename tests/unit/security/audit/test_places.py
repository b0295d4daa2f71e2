"""Checkpoints in a file and at a syslog server that really listens."""

import os
import re
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from security.audit.places.file import CheckpointFile
from security.audit.places.port import CheckpointPlace
from security.audit.places.syslog import SyslogServer
from security.errors import CheckpointNotKept
from tests.unit.security.audit.place_conformance import NOTES, PlaceConformance


class TestFile(PlaceConformance):
    @pytest.fixture
    def place(self, tmp_path: Path) -> CheckpointPlace:
        return CheckpointFile(tmp_path / "audit" / "checkpoints")

    @pytest.fixture
    def broken(self, tmp_path: Path) -> CheckpointPlace:
        (tmp_path / "file").touch()
        return CheckpointFile(tmp_path / "file" / "checkpoints")

    @pytest.fixture
    def kept(self, tmp_path: Path):
        return lambda _count: (tmp_path / "audit" / "checkpoints").read_text()

    def test_only_its_owner_may_read_it(self, place: CheckpointPlace, tmp_path: Path) -> None:
        place.append("o", 1, NOTES[0])
        assert (tmp_path / "audit" / "checkpoints").stat().st_mode & 0o777 == 0o600

    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(CheckpointNotKept):
            CheckpointFile(tmp_path / "link").append("o", 1, NOTES[0])

    def test_a_file_that_the_system_only_lets_grow_takes_more(
        self, place: CheckpointPlace, tmp_path: Path, kept
    ) -> None:
        place.append("o", 1, NOTES[0])
        file = tmp_path / "audit" / "checkpoints"
        locked = subprocess.run(["chattr", "+a", file], capture_output=True, check=False)
        if locked.returncode:
            pytest.skip("chattr +a is not permitted here")
        try:
            place.append("o", 5, NOTES[1])
            with pytest.raises(PermissionError):
                file.write_text("")
            assert "\n5\n" in kept(2)
        finally:
            subprocess.run(["chattr", "-a", file], check=True)


class Listener:
    """A syslog server in a thread: keeps what comes, like one that writes it into a file."""

    def __init__(self, server: socket.socket, scheme: str) -> None:
        self._server, self._scheme = server, scheme
        self._received = list[bytes]()
        self._came = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def kept(self, count: int) -> str:
        with self._came:
            self._came.wait_for(lambda: len(self._received) >= count, timeout=20)
            return b"\n".join(self._received).decode()

    def _listen(self) -> None:
        try:
            while True:
                self._take(self._message())
        except OSError:
            return  # closed at the end of the test

    def _message(self) -> bytes:
        if self._scheme != "tcp":
            return self._server.recv(65536)
        connection, _ = self._server.accept()
        with connection, connection.makefile("rb") as stream:
            framed = stream.read()
        length, _, message = framed.partition(b" ")
        assert len(message) == int(length)
        return message

    def _take(self, message: bytes) -> None:
        with self._came:
            self._received.append(message)
            self._came.notify_all()


@pytest.fixture(params=["udp", "tcp", "unix"])
def listening(request: pytest.FixtureRequest) -> Iterator[tuple[Listener, str]]:
    scheme = request.param
    kind = socket.SOCK_STREAM if scheme == "tcp" else socket.SOCK_DGRAM
    with tempfile.TemporaryDirectory() as folder:  # a socket's path has 108 bytes at most
        family = socket.AF_UNIX if scheme == "unix" else socket.AF_INET
        with socket.socket(family, kind) as server:
            server.bind(f"{folder}/log" if scheme == "unix" else ("127.0.0.1", 0))
            if scheme == "tcp":
                server.listen()
            where = f"/{server.getsockname()}".replace("//", "/")
            address = where if scheme == "unix" else f"127.0.0.1:{server.getsockname()[1]}"
            yield Listener(server, scheme), f"{scheme}://{address}"
            if scheme != "unix":
                server.shutdown(socket.SHUT_RDWR) if scheme == "tcp" else None


class TestSyslog(PlaceConformance):
    @pytest.fixture
    def place(self, listening, clock) -> CheckpointPlace:
        return SyslogServer(listening[1], 5, clock)

    @pytest.fixture(params=["tcp://127.0.0.1:1", "unix:///nowhere/log", "tcp://no.invalid:601"])
    def broken(self, request: pytest.FixtureRequest, clock) -> CheckpointPlace:
        return SyslogServer(request.param, 1, clock)

    @pytest.fixture
    def kept(self, listening):
        return listening[0].kept

    def test_a_message_is_one_of_rfc_5424(self, place: CheckpointPlace, kept) -> None:
        place.append("sourcebook/audit/t", 1, NOTES[0])
        pattern = (
            r"<109>1 2026-11-22T09:00:00\.000000Z \S+ sourcebook \d+ audit "
            r'\[checkpoint@32473 note="[A-Za-z0-9+/=]+"\] sourcebook/audit/t has 1 entries'
        )
        message = kept(1)
        assert re.fullmatch(pattern, message)
        assert str(os.getpid()) in message
