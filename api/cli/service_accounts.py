"""Accounts of programs, looked after on the server's own command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from sqlalchemy.orm import Session

from api.cli.terminal import terminal
from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, tenant_id_of, utc_now
from qa.conversations import Conversations
from security.audit import AuditLog
from security.grants import Grants
from security.keyring import KeyRing
from security.oauth.service_accounts import NewServiceAccount, ServiceAccounts
from security.principal import Principal, Role
from security.rotation import OPERATOR

app = typer.Typer(help="Accounts of programs, which get access tokens from this server.")
LIFETIME_DAYS = 365


@dataclass(frozen=True, slots=True)
class _Desk:
    session: Session
    operator: Principal
    accounts: ServiceAccounts
    conversations: Conversations


@app.command("list")
def list_accounts() -> None:
    """Show all service accounts."""
    with _opened() as desk:
        table = Table(Column("client id", no_wrap=True), "name", "role", "credential", "ends")
        for found in desk.accounts.accounts(desk.session, desk.operator):
            ends = found.expires_at.date().isoformat()
            table.add_row(found.id, found.name, found.role or "-", found.credential, ends)
        terminal().print(table)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the program is called.")],
    role: Annotated[Role | None, typer.Option(help="A role in the whole tenant.")] = None,
    days: Annotated[int, typer.Option(help="How long it lasts.")] = LIFETIME_DAYS,
    public_jwk: Annotated[
        Path | None, typer.Option(help="File with a public key (JWK), instead of a secret.")
    ] = None,
) -> None:
    """Create a service account; its secret is shown only now."""
    jwk = _read_jwk(public_jwk) if public_jwk else None
    with _opened() as desk:
        wanted = NewServiceAccount(name, role, days, jwk)
        issued = desk.accounts.create(desk.session, desk.operator, wanted)
    terminal().print(f"client id  {issued.info.id}", highlight=False)
    _print_secret(issued.secret)


@app.command("rotate-secret")
def rotate_secret(
    client_id: Annotated[str, typer.Argument(help="The account's client id.")],
) -> None:
    """Give an account a new secret; the old one and its tokens fail from now on."""
    with _opened() as desk:
        secret = desk.accounts.rotate_secret(desk.session, desk.operator, client_id)
    _print_secret(secret)


@app.command("delete")
def delete(client_id: Annotated[str, typer.Argument(help="The account's client id.")]) -> None:
    """Delete an account with its conversations; its tokens fail from now on."""
    with _opened() as desk:
        tenant_id = desk.operator.tenant_id
        desk.conversations.delete_all_of(desk.session, tenant_id, client_id)
        desk.accounts.delete(desk.session, desk.operator, client_id)
    terminal().print("Deleted.")


def _print_secret(secret: str | None) -> None:
    if secret:
        terminal().print(f"secret     {secret}", highlight=False, soft_wrap=True)


def _read_jwk(file: Path) -> dict[str, Any]:
    try:
        jwk = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} cannot be read as JSON.") from error
    if not isinstance(jwk, dict):
        raise typer.BadParameter(f"{file} holds no JSON Web Key.")
    return jwk


@contextmanager
def _opened() -> Iterator[_Desk]:
    settings = Settings()
    keyring = KeyRing(key_provider(settings), utc_now)
    database = open_database(settings)
    audit = AuditLog(keyring, utc_now)
    limits = settings.security.service_accounts
    accounts = ServiceAccounts(limits, Grants(audit, utc_now), audit, utc_now)
    try:
        with database.transaction() as session:
            tenant_id = tenant_id_of(session)
            if tenant_id is None:
                message = "This data folder is not set up yet: start with `sourcebook serve`."
                raise LookupError(message)
            operator = Principal(tenant_id, OPERATOR, OPERATOR, {None: Role.OWNER})
            yield _Desk(session, operator, accounts, Conversations(keyring, audit, utc_now))
    finally:
        database.close()
