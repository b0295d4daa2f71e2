import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.tables import Worker
from storage.database import Database
from tests.product import serving


def workers(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Worker)) or 0


def test_a_server_that_is_told_to_stop_waits_for_its_worker(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tmp_path / "log") as server:
        database = Database(f"sqlite:///{server.data / 'sourcebook.db'}")
        deadline = time.monotonic() + 60
        while not workers(database):
            if time.monotonic() > deadline:
                pytest.fail("the worker gave no sign of life")
            time.sleep(0.1)
        server.process.terminate()
        assert server.process.wait(60) == 0
        # A worker that was killed, or is still running, would still be on the list.
        assert workers(database) == 0
        database.close()
