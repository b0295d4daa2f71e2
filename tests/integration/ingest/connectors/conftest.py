"""Real servers of other people's making, each on a port of loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from tests.integration.ingest.connectors import dovecot
from tests.integration.ingest.connectors import git_server as git_server_of
from tests.integration.ingest.connectors.dovecot import MailServer
from tests.integration.ingest.connectors.git_server import GitServer
from tests.product import free_port


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """Serve the S3 API."""
    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    with dovecot.serving() as server:
        yield server


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    with git_server_of.serving(tmp_path) as server:
        yield server
