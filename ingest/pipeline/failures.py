"""Turn what was raised into something that may be stored and shown, and into a safe log line."""

import sqlite3
import traceback
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError, OperationalError

from ingest.errors import IngestError, InternalError, NoRoom, SandboxUnavailable
from storage.errors import StorageFull

TRANSIENT: tuple[type[Exception], ...] = (
    OperationalError,
    SandboxUnavailable,
    ConnectionError,
    TimeoutError,
)
"""What may be over in a moment: a busy database, a server that restarts."""

_POSTGRESQL_DISK_FULL = "53100"
_FRAMES_MAX = 12


def as_ingest_error(error: Exception) -> IngestError:
    """Return the error that a person is told; unknown ones become `InternalError`."""
    if isinstance(error, IngestError):
        return error
    if isinstance(error, StorageFull) or is_database_full(error):
        return NoRoom()
    return InternalError()


def is_database_full(error: Exception) -> bool:
    """Whether the database had no room on its disk.

    SQLite then drops the whole transaction with its savepoints, so what is raised at last may be
    the failure to return to one; the reason stands behind it.
    """
    return any(map(_says_full, _chain(error)))


def _says_full(error: BaseException) -> bool:
    driver = error.orig if isinstance(error, DBAPIError) else error
    sqlite_code = getattr(driver, "sqlite_errorcode", None)
    return sqlite_code == sqlite3.SQLITE_FULL or (
        getattr(driver, "sqlstate", None) == _POSTGRESQL_DISK_FULL
    )


def trace(error: BaseException) -> list[str]:
    """Describe an exception by classes and lines of code, without any message.

    Messages are left out because libraries put into them what they worked on.
    """
    return [line for link in _chain(error) for line in _lines(link)]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _lines(error: BaseException) -> Iterator[str]:
    yield type(error).__name__
    for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES_MAX:]:
        yield f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
