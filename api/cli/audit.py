"""The audit log: verify it, sign it, export it. Verifying an export needs no server and no key."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit import checkpoint_files, checkpointer_of, kept_notes
from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, utc_now
from security.audit import AuditLog
from security.audit.checkpoint import VerifierKey
from security.audit.checkpointer import Checkpointer
from security.audit.export import WRITERS, Format, read_log
from security.audit.reading import AuditReader, EntryFilter
from security.audit.signing import signer_of
from security.audit.verification import Report, verify
from security.keyring import KeyRing
from security.principal import Principal, Role
from security.rotation import OPERATOR
from security.tables import Tenant
from storage.database import Database
from storage.row_security import ALL_TENANTS

app = typer.Typer(help="The log of who did what: verify, export, sign.")
_console = Console(soft_wrap=True)

Export = Annotated[
    Path | None, typer.Argument(help="A file of `sourcebook audit export`; without it, the rows.")
]
Notes = Annotated[
    list[Path] | None, typer.Option("--checkpoints", help="Checkpoint files, or syslog's lines.")
]
Key = Annotated[
    str | None, typer.Option("--key", help="The verifier key, as `audit key` shows it.")
]


@dataclass(frozen=True, slots=True)
class _Log:
    """One tenant's log, opened on the server's machine by its operator."""

    settings: Settings
    database: Database
    keyring: KeyRing
    checkpointer: Checkpointer
    tenant_id: str

    @property
    def principal(self) -> Principal:
        return Principal(self.tenant_id, OPERATOR, OPERATOR, {None: Role.AUDITOR})

    def record(self, session: Session, action: str, **details: object) -> None:
        AuditLog(self.keyring, utc_now).record(
            session, self.tenant_id, OPERATOR, action, None, details=details
        )


@app.command("verify")
def verify_log(export: Export = None, checkpoints: Notes = None, key: Key = None) -> None:
    """Check the log against its checkpoints; exit status 1 and the first bad leaf if it is bad."""
    if export is None:
        reports = [_verified_rows(log, checkpoints or []) for log in _logs()]
    else:
        if checkpoints is None or key is None:
            message = "An export is verified with --checkpoints FILE and --key KEY."
            raise typer.BadParameter(message)
        with export.open("rb") as lines:
            verifier = VerifierKey.parse(key)
            notes = kept_notes(checkpoints, verifier.name)
            reports = [verify(read_log(lines), notes, verifier)]
    for report in reports:
        _console.print(_words(report), markup=False)
    if not all(report.ok for report in reports):
        sys.exit(1)


@app.command("key")
def show_key() -> None:
    """Print the verifier key of each tenant's log: keep it where the log is not."""
    for log in _logs():
        with log.database.transaction(log.tenant_id) as session:
            verifier = signer_of(session, log.keyring, log.tenant_id).verifier
        _console.print(str(verifier), markup=False)


@app.command("checkpoint")
def checkpoint() -> None:
    """Sign the log as it is now, and print the note."""
    for log in _logs():
        note = log.checkpointer.make(log.tenant_id)
        _console.print(note or "Nothing was added since the last checkpoint.", markup=False)


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
    written_as: Annotated[
        Format, typer.Option("--format", help="log (to be verified), ocsf, or cef.")
    ] = "log",
    tenant: Annotated[str | None, typer.Option(help="A tenant's id, if there are several.")] = None,
) -> None:
    """Write a log, a line per entry; personal details stay encrypted."""
    for log in _logs(tenant):
        with log.database.transaction(log.tenant_id) as session:
            log.record(session, "audit.export", format=written_as)
        with file.open("xb") as target, log.database.reading(log.tenant_id) as session:
            leaves = AuditReader(log.keyring).leaves(session, log.principal, EntryFilter())
            target.writelines(WRITERS[written_as](leaf) + b"\n" for leaf in leaves)


def _verified_rows(log: _Log, files: list[Path]) -> Report:
    reader = AuditReader(log.keyring)
    with log.database.transaction(log.tenant_id) as session:
        verifier = signer_of(session, log.keyring, log.tenant_id).verifier
    with log.database.reading(log.tenant_id) as session:
        outside = kept_notes(files or checkpoint_files(log.settings), verifier.name)
        notes = [*reader.notes(session, log.principal), *outside]
        leaves = reader.leaves(session, log.principal, EntryFilter())
        return verify(leaves, notes, verifier)


def _words(report: Report) -> str:
    if report.finding is not None:
        return f"NOT WHOLE: {report.finding.words}"
    return f"Whole: {report.size} entries, {report.checkpoints} checkpoints."


def _logs(wanted: str | None = None) -> Iterator[_Log]:
    with _opened() as (settings, database, keyring):
        with database.reading(ALL_TENANTS) as session:
            tenant_ids = session.scalars(select(Tenant.id).order_by(Tenant.created_at)).all()
        checkpointer = checkpointer_of(settings, database, keyring, utc_now)
        for tenant_id in tenant_ids if wanted is None else [wanted]:
            yield _Log(settings, database, keyring, checkpointer, tenant_id)


@contextmanager
def _opened() -> Iterator[tuple[Settings, Database, KeyRing]]:
    settings = Settings()
    database = open_database(settings)
    try:
        yield settings, database, KeyRing(key_provider(settings), utc_now)
    finally:
        database.close()
