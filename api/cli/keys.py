"""Look after the keys: status, rotate, rewrap, retire. The server may go on running."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from api.settings import Settings
from api.wiring import key_file, key_provider, open_database, tenant_id_of, utc_now
from ingest.collections import CollectionService
from security.audit import AuditLog
from security.errors import KeyInUse
from security.grants import Grants
from security.keyring import KeyRing
from security.keys import FileKeyProvider, KeyProvider
from security.rotation import KeyRotation

app = typer.Typer(help="The keys that everything stored is encrypted under.")
Master = Annotated[
    bool, typer.Option("--master", help="The key-encryption key, instead of the tenant's key.")
]
_console = Console()


@dataclass(frozen=True, slots=True)
class _Keys:
    settings: Settings
    provider: KeyProvider
    tenant_id: str
    rotation: KeyRotation


@app.command("status")
def status() -> None:
    """Show each version of the tenant's key and how many keys it still wraps."""
    with _opened() as keys:
        table = Table("version", "made", "wraps", "under the present key-encryption key")
        for version in keys.rotation.status(keys.tenant_id):
            table.add_row(
                str(version.version),
                version.created_at.isoformat(timespec="seconds"),
                f"{version.wrapped_keys} keys",
                "yes" if version.is_under_present_kek else "no: run `sourcebook keys rewrap`",
            )
        _console.print(table)


@app.command("rotate")
def rotate(*, master: Master = False) -> None:
    """Make a new key, which seals from now on; then run `sourcebook keys rewrap`."""
    with _opened() as keys:
        if not master:
            version = keys.rotation.rotate(keys.tenant_id)
            _console.print(f"Version {version} of the tenant's key seals from now on.")
            return
        replace = _file_provider(keys).replace
        keys.rotation.recorded(keys.tenant_id, "keys.rotate_master", replace)
        _console.print(f"A new key-encryption key is in {key_file(keys.settings)}: back it up.")


@app.command("rewrap")
def rewrap() -> None:
    """Move everything that an older key wraps to the newest; may be stopped and run again."""
    columns = SpinnerColumn(), TextColumn("{task.completed} keys and names moved")
    with _opened() as keys, Progress(*columns, console=_console) as progress:
        task = progress.add_task("", total=None)
        for moved in keys.rotation.rewrap(keys.tenant_id):
            progress.advance(task, moved)


@app.command("retire")
def retire(*, master: Master = False) -> None:
    """Delete the older keys, once nothing needs them any more."""
    with _opened() as keys:
        if not master:
            seconds = keys.settings.security.keys.retire_seconds_min
            versions = keys.rotation.retire(keys.tenant_id, seconds)
            names = ", ".join(map(str, versions)) or "none"
            _console.print(f"Retired versions of the tenant's key: {names}.")
            return
        provider = _file_provider(keys)
        if not all(v.is_under_present_kek for v in keys.rotation.status(keys.tenant_id)):
            raise KeyInUse
        keys.rotation.recorded(keys.tenant_id, "keys.retire_master", provider.retire)
        _console.print("The old key-encryption key is deleted.")


@contextmanager
def _opened() -> Iterator[_Keys]:
    settings = Settings()
    provider, database = key_provider(settings), open_database(settings)
    try:
        with database.reading() as session:
            tenant_id = tenant_id_of(session)
        if tenant_id is None:
            message = "This data folder is not set up yet: start with `sourcebook serve`."
            raise LookupError(message)
        keyring = KeyRing(provider, utc_now)
        audit = AuditLog(keyring, utc_now)
        names = CollectionService(keyring, Grants(audit, utc_now), audit, utc_now)
        rotation = KeyRotation(database, keyring, audit, utc_now, [names.reseal])
        yield _Keys(settings, provider, tenant_id, rotation)
    finally:
        database.close()


def _file_provider(keys: _Keys) -> FileKeyProvider:
    if isinstance(keys.provider, FileKeyProvider):
        return keys.provider
    message = (
        "The key-encryption key is not in a file. Give the servers the new one as SOURCEBOOK_KEY "
        "and the old one as SOURCEBOOK_PREVIOUS_KEY, restart them, run `sourcebook keys rewrap`, "
        "and take the old one away."
    )
    raise typer.BadParameter(message)
