"""Erase for good, and prove it: documents, people, tenants, and the receipts."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.erasure import Eraser, create_eraser
from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_blobs, open_database, tenant_id_of, utc_now
from security.accounts import Accounts
from security.audit import AuditLog
from security.erasure.ledger import ErasureLedger, stored_receipts
from security.erasure.receipt import Receipt, verify_receipt
from security.keyring import KeyRing
from security.passwords import Passwords
from security.rotation import OPERATOR
from storage.database import Database

app = typer.Typer(help="Erase for good: keys are destroyed, and a signed receipt says so.")
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ReceiptFile = Annotated[
    Path | None, typer.Option("--receipt", dir_okay=False, help="Where to write the receipt.")
]
_console = Console(soft_wrap=True, highlight=False, markup=False)


@dataclass(frozen=True, slots=True)
class _Opened:
    database: Database
    tenant_id: str
    eraser: Eraser
    ledger: ErasureLedger


@app.command("document")
def document(document_id: str, *, yes: Yes = False, receipt: ReceiptFile = None) -> None:
    """Erase a document with all that was made of it."""
    _confirm(f"document {document_id}", yes=yes)
    with _opened() as opened, opened.database.transaction(opened.tenant_id) as session:
        done = opened.eraser.document(session, opened.tenant_id, document_id, OPERATOR)
    _deliver(done, receipt)


@app.command("person")
def person(user_id: str, *, yes: Yes = False, receipt: ReceiptFile = None) -> None:
    """Erase a person: account, sessions, tokens, conversations, and what the audit log says."""
    _confirm(f"everything about the person {user_id}", yes=yes)
    with _opened() as opened, opened.database.transaction(opened.tenant_id) as session:
        done = opened.eraser.person(session, opened.tenant_id, user_id, OPERATOR)
    _deliver(done, receipt)


@app.command("tenant")
def tenant(tenant_id: str, *, yes: Yes = False, receipt: ReceiptFile = None) -> None:
    """Erase a tenant with every document, person and key; restart the servers afterwards."""
    _confirm(f"the WHOLE tenant {tenant_id}", yes=yes)
    with _opened() as opened, opened.database.transaction(tenant_id) as session:
        done = opened.eraser.tenant(session, tenant_id, OPERATOR)
    _deliver(done, receipt)


@app.command("receipts")
def receipts() -> None:
    """Print every receipt of the tenant, one on a line; keep them apart from the database."""
    with _opened() as opened, opened.database.reading(opened.tenant_id) as session:
        for receipt in stored_receipts(session, opened.tenant_id):
            typer.echo(receipt.text)


@app.command("public-key")
def public_key() -> None:
    """Print the key that verifies the tenant's receipts; keep it apart from them."""
    with _opened() as opened, opened.database.transaction(opened.tenant_id) as session:
        typer.echo(opened.ledger.public_key(session, opened.tenant_id))


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(exists=True, help="Receipts, one on a line.")],
    *,
    key: Annotated[
        str | None, typer.Option("--public-key", help="As `sourcebook erase public-key` printed.")
    ] = None,
) -> None:
    """Check receipts without the database; exit status 1 if one is not valid."""
    found = [verify_receipt(line, key) for line in file.read_text().splitlines() if line.strip()]
    for body in found:
        keys = len(body["keys"])
        _console.print(f"{body['at']} {body['kind']} {body['target']}: {keys} keys destroyed")
    if key is None:
        signers = ", ".join(sorted({str(body["public_key"]) for body in found}))
        _console.print(f"Signed by {signers}: compare it with the key that you keep.")


@contextmanager
def _opened() -> Iterator[_Opened]:
    settings = Settings()
    keyring, database = KeyRing(key_provider(settings), utc_now), open_database(settings)
    try:
        with database.reading() as session:
            tenant_id = tenant_id_of(session)
        if tenant_id is None:
            message = "This data folder is not set up yet: start with `sourcebook serve`."
            raise LookupError(message)
        audit = AuditLog(keyring, utc_now)
        accounts = Accounts(Passwords(settings.security.passwords), audit, utc_now)
        eraser = create_eraser(keyring, audit, accounts, open_blobs(settings), utc_now)
        yield _Opened(database, tenant_id, eraser, ErasureLedger(keyring, utc_now))
    finally:
        database.close()


def _confirm(what: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        message = f"This erases {what} for good. Say --yes to go on without a question."
        raise typer.BadParameter(message)
    typer.confirm(f"Erase {what} for good?", abort=True)


def _deliver(receipt: Receipt, file: Path | None) -> None:
    if file is None:
        typer.echo(receipt.text)
        return
    file.write_text(receipt.text + "\n")
    _console.print(f"Erased. The receipt is in {file}.")
