"""A real Milvus server of one's own, with TLS and users, from the PyPI package `milvus`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from retrieval.vectors.settings import MilvusSettings
from tests.product import free_port

_RUN = """
import signal, sys
from milvus import MilvusServer, MilvusServerConfig
folder, port, certificate, key = sys.argv[1:]
config = MilvusServerConfig(data_dir=folder, proxy_port=port)
for name, value in {
    "server_pem_path": certificate,
    "server_key_path": key,
    "ca_pem_path": certificate,
    "authorization_enabled": True,
    "tls_mode": 1,
}.items():
    config.set(name, value)
server = MilvusServer(config)
server.start()
print("ready", flush=True)
sys.stdin.read()
server.stop()
"""


@dataclass(frozen=True, slots=True)
class RunningMilvus:
    """Where the server listens, and the certificate that it shows."""

    port: int
    certificate: Path

    def settings(self, **changes: object) -> MilvusSettings:
        """Return settings that reach it, with some changes."""
        usual = {
            "uri": f"https://localhost:{self.port}",
            "user": "root",
            "password": "Milvus",  # the server's own first password
            "ca_file": self.certificate,
            "partitions": 4,
            "consistency": "Strong",
        }
        return MilvusSettings.model_validate(usual | changes)


@contextmanager
def running_milvus(folder: Path) -> Iterator[RunningMilvus]:
    """Start a server and stop it again; takes 15 s.

    Skips where the package `milvus` is not installed: its 58 MB of 2.3.5 are no part of the tests'
    requirements.
    """
    pytest.importorskip("milvus", reason="a real server: pip install --no-deps milvus==2.3.5")
    certificate, key = certificate_for_localhost(folder)
    port = free_port()
    command = [sys.executable, "-c", _RUN, folder / "server", str(port), certificate, key]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"HOME": str(folder)},
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield RunningMilvus(port, certificate)
        finally:
            process.communicate()


def certificate_for_localhost(folder: Path) -> tuple[Path, Path]:
    """Make a certificate and its key."""
    certificate, key = folder / "server.pem", folder / "server.key"
    options = [
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *options, *names, *files], check=True, capture_output=True)
    return certificate, key
