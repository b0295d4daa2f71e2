"""Look after the keys: status, rotate, rewrap, retire. The server may go on running."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, utc_now
from security.audit import AuditLog
from security.keyring import KeyRing
from security.keys import KeyProvider, ReplaceableKeyProvider
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
    tenant_ids: Sequence[str]
    rotation: KeyRotation


@app.command("status")
def status() -> None:
    """Show each version of each tenant's key and how many keys it still wraps."""
    with _opened() as keys:
        table = Table("tenant", "version", "made", "wraps", "under the present key-encryption key")
        for tenant_id in keys.tenant_ids:
            for version in keys.rotation.status(tenant_id):
                table.add_row(
                    tenant_id,
                    str(version.version),
                    version.created_at.isoformat(timespec="seconds"),
                    f"{version.wrapped_keys} keys",
                    "yes" if version.is_under_present_kek else "no: run `sourcebook keys rewrap`",
                )
        _console.print(table)


@app.command("rotate")
def rotate(*, master: Master = False) -> None:
    """Make new keys, which seal from now on; then run `sourcebook keys rewrap`."""
    with _opened() as keys:
        if master:
            said: list[str] = []
            holder = _replaceable(keys)
            keys.rotation.recorded(
                keys.tenant_ids, "keys.rotate_master", lambda: said.append(holder.replace())
            )
            _console.print(*said)
            return
        for tenant_id in keys.tenant_ids:
            version = keys.rotation.rotate(tenant_id)
            _console.print(f"Version {version} of the tenant's key seals from now on.")


@app.command("rewrap")
def rewrap() -> None:
    """Move everything that an older key wraps to the newest; may be stopped and run again."""
    columns = SpinnerColumn(), TextColumn("{task.completed} keys and names moved")
    with _opened() as keys, Progress(*columns, console=_console) as progress:
        task = progress.add_task("", total=None)
        for tenant_id in keys.tenant_ids:
            for moved in keys.rotation.rewrap(tenant_id):
                progress.advance(task, moved)


@app.command("retire")
def retire(*, master: Master = False) -> None:
    """Delete the older keys, once nothing needs them any more."""
    with _opened() as keys:
        if master:
            keys.rotation.retire_master(_replaceable(keys))
            _console.print("The old key-encryption key is deleted.")
            return
        seconds = keys.settings.security.keys.retire_seconds_min
        for tenant_id in keys.tenant_ids:
            names = ", ".join(map(str, keys.rotation.retire(tenant_id, seconds))) or "none"
            _console.print(f"Retired versions of the tenant's key: {names}.")


@contextmanager
def _opened() -> Iterator[_Keys]:
    settings = Settings()
    provider, database = key_provider(settings), open_database(settings)
    try:
        keyring = KeyRing(provider, utc_now)
        audit = AuditLog(keyring, utc_now)
        rotation = KeyRotation(database, keyring, audit, utc_now)
        tenant_ids = rotation.tenants()
        if not tenant_ids:
            message = "This data folder is not set up yet: start with `sourcebook serve`."
            raise LookupError(message)
        yield _Keys(settings, provider, tenant_ids, rotation)
    finally:
        database.close()


def _replaceable(keys: _Keys) -> ReplaceableKeyProvider:
    if isinstance(keys.provider, ReplaceableKeyProvider):
        return keys.provider
    message = (
        "Its holder cannot replace the key-encryption key by itself. Where it comes from the "
        "environment, give the servers the new one as SOURCEBOOK_KEY and the old one as "
        "SOURCEBOOK_PREVIOUS_KEY, restart them, run `sourcebook keys rewrap`, and take the old "
        "one away. Where it moves to another holder, finish that first."
    )
    raise typer.BadParameter(message)
