"""Loopback servers with a certificate of their own, and a DNS server that may lie."""

import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAME = "docs.example.test"


class Handler(BaseHTTPRequestHandler):
    """Answers with the address it was reached at; some paths misbehave."""

    def do_GET(self) -> None:
        getattr(self, f"_{self.path.strip('/').partition('/')[0]}", self._where)()

    def do_POST(self) -> None:
        self._where()

    def log_message(self, *args: object) -> None:
        pass

    def _where(self) -> None:
        self._send(str(self.connection.getsockname()[0]).encode())

    def _large(self) -> None:
        self._send(bytes(50_000))

    def _packed(self) -> None:
        self._send(b"\x1f\x8b", {"Content-Encoding": "gzip"})

    def _redirect(self) -> None:
        self._send(b"", {"Location": self.path.removeprefix("/redirect/")}, 302)

    def _noise(self) -> None:
        self.wfile.write(b"not HTTP at all\r\n\r\n")

    def _headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-Padding: yes\r\n" * 4000)

    def _send(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def listening(address: str, port: int, context: ssl.SSLContext | None) -> Iterator[int]:
    with ThreadingHTTPServer((address, port), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a certificate for NAME with its key, which is its own authority."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    encoding, none = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, none)
    file.write_bytes(signed.public_bytes(encoding) + private)
    return file


@pytest.fixture(scope="session")
def plain_port() -> Iterator[int]:
    """Serve without TLS at 127.0.0.1."""
    with listening("127.0.0.1", 0, None) as port:
        yield port


@pytest.fixture(scope="session")
def tls_port(certificate: Path) -> Iterator[int]:
    """Serve with TLS at 127.0.0.1 (the victim) and 127.0.0.2 (who may be called), on one port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ExitStack() as stack:
        port = stack.enter_context(listening("127.0.0.1", 0, context))
        stack.enter_context(listening("127.0.0.2", port, context))
        yield port


class LyingDns:
    """A name server over UDP that gives another answer each time."""

    def __init__(self, answers: Sequence[str]) -> None:
        self.asked = 0
        self._answers = answers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def resolve(self, host: str, port: int) -> list[str]:
        """Ask the server as a resolver would (RFC 1035, one A record)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(5)
            labels = b"".join(bytes([len(part)]) + part.encode() for part in host.split("."))
            query = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
            asking.sendto(query, self._socket.getsockname())
            return [str(ipaddress.IPv4Address(asking.recv(512)[-4:]))]

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(512)
            except OSError:
                return
            answer = ipaddress.IPv4Address(self._answers[self.asked % len(self._answers)])
            self.asked += 1
            record = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 0, 4) + answer.packed
            head = query[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0)
            self._socket.sendto(head + query[12:] + record, client)
