"""Copying a SQLite database while it is used, without the tables that must not be in the copy."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory


def copy_sqlite(source: Path, target: Path, without: Sequence[str]) -> None:
    """Write a consistent copy of `source` to the new file `target`, the tables `without` empty.

    Side effects: a whole copy lies for a moment in a private folder beside `source`; the target is
    written from it after those rows are gone, so that no page of it ever held them.

    Raises:
        FileExistsError: the target is there already.
    """
    if target.exists():
        message = f"{target} is there already: choose another name."
        raise FileExistsError(message)
    with TemporaryDirectory(dir=source.parent, prefix=".backup-") as folder:
        whole = Path(folder) / "whole.db"
        _vacuum_into(source, whole)
        connection = sqlite3.connect(whole)
        try:
            for table in without:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
            connection.commit()
        finally:
            connection.close()
        _vacuum_into(whole, target)
    target.chmod(0o600)


def _vacuum_into(source: Path, target: Path) -> None:
    connection = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()
