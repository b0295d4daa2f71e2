"""Copy the database without any key in it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import make_url

from api.settings import Settings
from storage.copies import copy_sqlite

KEY_TABLES = ("tenant_keys", "wrapped_keys")


def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="A file that is not there yet.")],
) -> None:
    """Copy the database without its keys; `sourcebook keys backup` copies those, apart."""
    url = make_url(Settings().database_url)
    if url.get_backend_name() != "sqlite" or url.database is None:
        left_out = " ".join(f"--exclude-table-data={table}" for table in KEY_TABLES)
        message = f"This database is PostgreSQL: use `pg_dump {left_out}`, as a role that sees all."
        raise LookupError(message)
    try:
        copy_sqlite(Path(url.database), file, KEY_TABLES)
    except FileExistsError as error:
        raise LookupError(str(error)) from None
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"{file} holds the database without its keys. Copy the folder blobs/ as well.")
