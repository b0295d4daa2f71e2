from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from ingest.pipeline.timings import add_timing
from ingest.tables import StepTiming
from storage.database import Database


def test_timings_add_up(database: Database) -> None:
    for seconds in (0.5, 1.5):
        with database.transaction() as session:
            add_timing(session, "parse", seconds)
    with database.reading() as session:
        row = session.scalars(select(StepTiming)).one()
    assert (row.step, row.documents, row.seconds) == ("parse", 2, pytest.approx(2.0))


def test_workers_that_are_first_at_once_both_count(database: Database) -> None:
    start = Barrier(4)

    def work() -> None:
        start.wait()
        with database.transaction() as session:
            add_timing(session, "embed", 1.0)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.scalars(select(StepTiming.documents)).one() == 4
