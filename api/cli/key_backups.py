"""Back the keys up apart from the database, and put them back."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, utc_now
from security.audit import AuditLog
from security.key_store import KeyStore
from security.keyring import KeyRing

_console = Console(soft_wrap=True, highlight=False, markup=False)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Replaced when it is there.")],
) -> None:
    """Write all wrapped keys to a file, encrypted; it is refused after 30 days at most."""
    settings = Settings()
    days = settings.security.keys.backup_days_max
    with _store(settings) as store:
        count, pieces = store.backup(days)
        _replace_private(file, pieces)
    _console.print(f"{count} keys are in {file}; it can be restored for {days} days.")


def restore(
    file: Annotated[Path, typer.Argument(dir_okay=False, exists=True, help="A backup of keys.")],
) -> None:
    """Put missing keys back from a backup; what was erased with a receipt stays erased."""
    with _store(Settings()) as store, file.open("rb") as opened:
        added = store.restore(opened)
    _console.print(f"{added} keys are back.")


@contextmanager
def _store(settings: Settings) -> Iterator[KeyStore]:
    provider, database = key_provider(settings), open_database(settings)
    try:
        audit = AuditLog(KeyRing(provider, utc_now), utc_now)
        yield KeyStore(database, provider, audit, utc_now)
    finally:
        database.close()


def _replace_private(file: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that only its owner may read; it appears whole, in place of an older one."""
    partial = file.with_name(f".{file.name}.{os.urandom(8).hex()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.writelines(pieces)
            opened.flush()
            os.fsync(opened.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
