"""One database: engine, declarative base and the transaction that a request or job runs in."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock, get_ident
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from storage.row_security import Sees, fence_of, refuse_unfenced_role, sees

ID = String(32)
BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column of exactly this type."""

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC times on every database; SQLite itself forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Refuse naive times, store UTC."""
        if value is not None and value.tzinfo is None:
            message = "a stored time needs a time zone"
            raise ValueError(message)
        return value.astimezone(UTC) if value else None

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Give back an aware time."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Base(DeclarativeBase):
    """The base of every table; each package keeps its own in `tables.py`."""

    metadata = MetaData(naming_convention=NAMING)


@event.listens_for(Base.metadata, "after_create")
def _fence_tables(
    _target: MetaData, connection: Connection, tables: Iterable[Table], **_: object
) -> None:
    if connection.dialect.name == "postgresql":
        for table in tables:
            for statement in fence_of(table):
                connection.exec_driver_sql(statement)


class Database:
    """An engine and its transactions, on SQLite (WAL) or PostgreSQL.

    Side effects: opens a connection pool; `close` releases it.
    """

    def __init__(
        self, url: str, *, busy_seconds_max: float = 30.0, connections_max: int = 50
    ) -> None:
        self.engine = _engine(url, busy_seconds_max, connections_max)
        self._busy_seconds_max = busy_seconds_max
        self._writing = None if self.is_postgresql else Lock()
        self._writer: int | None = None  # the thread whose turn it is
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        reader = self.engine.execution_options(reading=True)
        self._readers = sessionmaker(reader, expire_on_commit=False)

    @property
    def is_postgresql(self) -> bool:
        """Whether several machines may write at once."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def transaction(self, tenants: Sees = None) -> Iterator[Session]:
        """Run one request's or job's whole change: all of it is committed, or none.

        `tenants` is the tenant it is for; see `storage.row_security` for the other values.
        """
        with self._turn(), self._sessions.begin() as session:
            sees(session, tenants)
            yield session

    @contextmanager
    def reading(self, tenants: Sees = None) -> Iterator[Session]:
        """Read one consistent state; what is written here is rolled back."""
        with self._readers() as session:
            sees(session, tenants)
            yield session

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the writers of this process into SQLite one by one, as they came.

        SQLite itself looks again after pauses of up to 0.1 s. Who has waited too long is let
        through, to be told so by SQLite; and so is a transaction within one of the same thread,
        which would wait for itself.
        """
        if self._writing is None or self._writer == get_ident():
            yield
            return
        is_first = self._writing.acquire(timeout=self._busy_seconds_max)
        if is_first:
            self._writer = get_ident()
        try:
            yield
        finally:
            if is_first:
                self._writer = None
                self._writing.release()

    def refuse_unfenced_role(self) -> None:
        """Make sure that row-level security holds for the role that this connects as.

        Raises:
            UnfencedRole: it does not.
        """
        with self.engine.connect() as connection:
            refuse_unfenced_role(connection)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str, busy_seconds_max: float, connections_max: int) -> Engine:
    options: dict[str, Any] = {
        "hide_parameters": True,  # errors would quote them, and they may be anyone's words
        "pool_size": connections_max,  # opened one by one, as they are needed
        "max_overflow": 0,
    }
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, **options)
    engine = create_engine(url, connect_args={"timeout": busy_seconds_max}, **options)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver's own implicit BEGIN would start reads lazily; `_begin_sqlite` says it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # A read that later writes cannot wait for another writer in WAL mode, it fails at once: so
    # whoever may write takes the lock first.
    if connection.get_execution_options().get("reading", False):
        # It waits for nobody, so it cannot fail for them; the driver needs a tenth of the time.
        connection.connection.dbapi_connection.execute("BEGIN")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
