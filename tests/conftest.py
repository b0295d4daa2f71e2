"""Fixtures that tests of several packages share: real databases, in both kinds."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from storage.database import Base, Database
from tests.integration.identity.glewlwyd import Glewlwyd, running_glewlwyd
from tests.integration.identity.provider import OidcProvider, running_oidc_provider
from tests.product import Server, free_port, serving

# The same examples in every run: a red build must be red again when it is looked into.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

POSTGRES_BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def _as_postgres() -> list[str]:
    # PostgreSQL refuses to run as root.
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def _quietly(*command: str | Path) -> None:
    nowhere = subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=nowhere, stderr=nowhere, cwd="/")


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """Start a throwaway PostgreSQL cluster; yields the URL of its server, without a database."""
    if POSTGRES_BIN is None:
        pytest.fail("PostgreSQL's server programs are missing: apt-get install postgresql-15")
    folder = Path(tempfile.mkdtemp(prefix="sb-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, port, run = folder / "data", free_port(), _as_postgres()
    create = [POSTGRES_BIN / "initdb", "-D", data, "-A", "trust", "-U", "test", "-E", "UTF8", "-N"]
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
    control = [POSTGRES_BIN / "pg_ctl", "-D", data, "-w"]
    _quietly(*run, *create)
    _quietly(*run, *control, "-o", options, "-l", folder / "log", "start")
    try:
        yield f"postgresql+psycopg://test@127.0.0.1:{port}"
    finally:
        _quietly(*run, *control, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_cluster: str) -> Iterator[str]:
    """Create an empty PostgreSQL database for one test."""
    name = f"t{uuid.uuid4().hex}"
    server = sa.create_engine(f"{postgres_cluster}/postgres", isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield f"{postgres_cluster}/{name}"
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def fenced_url(postgres_url: str) -> str:
    """Hand an empty database to a role that row-level security holds for, as in production.

    The role of `postgres_url` is a superuser, who sees every tenant's rows.
    """
    url, server = sa.make_url(postgres_url), sa.create_engine(postgres_url)
    with server.begin() as connection:
        if not connection.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = 'plain'")):
            connection.execute(sa.text("CREATE ROLE plain LOGIN"))
        connection.execute(sa.text(f"ALTER DATABASE {url.database} OWNER TO plain"))
    server.dispose()
    return url.set(username="plain").render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database; the test runs once on each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open a database that holds all tables of the packages imported so far."""
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of the one server in one process, so those of the identity providers.

    Of the others, those of one file: what a file shares is made once, and which of its tests runs
    after which does not change from one run to the next.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_shared(item)))


def _shared(item: pytest.Item) -> str:
    wanted = getattr(item, "fixturenames", ())
    if "server" in wanted:
        return "server"
    if "oidc_provider" in wanted or "glewlwyd" in wanted:
        return "identity"
    return item.nodeid.split("::")[0]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run one product for all tests of a session that need one; each makes its own collection."""
    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "data", folder / "log") as running:
        yield running


@pytest.fixture(scope="session")
def oidc_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    """Run a certified OpenID provider for all tests that need one; each registers a client."""
    log = tmp_path_factory.mktemp("oidc_provider") / "log"
    with running_oidc_provider(log) as running:
        yield running


@pytest.fixture(scope="session")
def glewlwyd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glewlwyd]:
    """Run the other OpenID provider for all tests that need one."""
    with running_glewlwyd(tmp_path_factory.mktemp("glewlwyd")) as running:
        yield running
