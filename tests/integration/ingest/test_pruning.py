"""A real worker deletes the engine's old jobs that are over, and only those."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.integration.ingest.worker_harness import World

DAY_MILLISECONDS = 86_400_000
KINDS = ("workflow_status", "workflow_input", "workflow_output", "operation_outputs")


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str) -> World:
    return World(tmp_path, postgres_url if request.param == "postgresql" else None)


def test_finished_jobs_go_after_some_days(world: World) -> None:
    world.create()
    old, young = world.upload(b"Something old."), world.upload(b"Something younger.")
    world.run()
    engine = create_engine(world.jobs_url)
    schema = "" if engine.dialect.name == "sqlite" else "dbos."
    with engine.begin() as connection:
        for document, days in ((old, 31), (young, 29)):
            aged = text(
                f"UPDATE {schema}workflow_status SET created_at = created_at - :age"
                " WHERE workflow_uuid = :job"
            )
            connection.execute(aged, {"age": days * DAY_MILLISECONDS, "job": f"{document}:1"})
    world.upload(b"Something new, so that the worker has something to do.")
    world.run()
    with engine.connect() as connection:
        for kind in KINDS:
            jobs = text(f"SELECT DISTINCT workflow_uuid FROM {schema}{kind}")
            left = set(connection.scalars(jobs))
            assert f"{old}:1" not in left, kind
            assert f"{young}:1" in left, kind
    engine.dispose()
    world.close()
