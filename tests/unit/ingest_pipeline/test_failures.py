"""Exceptions become codes, and log lines without their messages."""

import logging
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from ingest.errors import DocumentDamaged, InternalError, NoRoom
from ingest.pipeline.engine_log import WithoutMessages
from ingest.pipeline.failures import as_ingest_error, trace
from storage.errors import StorageFull


def full_sqlite() -> OperationalError:
    cause = sqlite3.OperationalError("database or disk is full")
    cause.sqlite_errorcode = sqlite3.SQLITE_FULL
    return OperationalError("INSERT", {}, cause)


def full_postgresql() -> OperationalError:
    cause = RuntimeError("could not extend file")
    cause.sqlstate = "53100"  # type: ignore[attr-defined]
    return OperationalError("INSERT", {}, cause)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DocumentDamaged(), DocumentDamaged),
        (StorageFull(), NoRoom),
        (full_sqlite(), NoRoom),
        (full_postgresql(), NoRoom),
        (OperationalError("INSERT", {}, RuntimeError()), InternalError),
        (ValueError("secret"), InternalError),
    ],
)
def test_words_for_people(error: Exception, kind: type[Exception]) -> None:
    assert type(as_ingest_error(error)) is kind


def fail() -> None:
    try:
        dict[str, int]()["inner secret"]
    except KeyError as inner:
        raise ValueError("outer secret") from inner


def raised() -> Exception:
    with pytest.raises(ValueError, match="outer") as caught:
        fail()
    return caught.value


def test_trace_has_places_and_no_words() -> None:
    lines = trace(raised())
    assert lines[0] == "ValueError"
    assert "KeyError" in lines
    assert any(line.startswith("test_failures.py:") for line in lines)
    assert "secret" not in " ".join(lines)


def test_the_engine_logs_no_words() -> None:
    error = raised()
    record = logging.LogRecord(
        "dbos", logging.ERROR, "x.py", 1, "in workflow %s", ("a:1",), (type(error), error, None)
    )
    assert WithoutMessages().filter(record)
    line = logging.Formatter("%(message)s").format(record)
    assert line.startswith("in workflow a:1 ValueError")
    assert "secret" not in line
