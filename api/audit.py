"""Wire what surrounds the audit log: its checkpoints, refusals, reading."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.observability.logs import log
from api.settings import Settings
from security.audit import AuditLog
from security.audit.accesses import Accesses
from security.audit.checkpoint import read_notes
from security.audit.checkpointer import Checkpointer
from security.audit.denials import Denials
from security.audit.places.file import CheckpointFile
from security.audit.places.port import CheckpointPlace
from security.audit.places.syslog import SyslogServer
from security.audit.reading import AuditReader
from security.audit.repeats import Repeats
from security.errors import SecurityError
from security.keyring import KeyRing
from storage.database import Database


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """What an API process needs beside `AuditLog`, which every service has."""

    reader: AuditReader
    checkpointer: Checkpointer
    denials: Denials
    repeats: Repeats
    accesses: Accesses

    def close(self) -> None:
        """Write the counts of refusals, then sign a last time."""
        with suppress(SecurityError):
            self.denials.end_window(now=True)
        self.checkpointer.close()


def audit_trail_of(
    settings: Settings,
    database: Database,
    keyring: KeyRing,
    audit: AuditLog,
    clock: Callable[[], datetime],
) -> AuditTrail:
    """Build it and start the thread that signs; `close` ends it."""
    limits = settings.security.audit
    denials = Denials(database, audit, limits, clock)
    checkpointer = checkpointer_of(settings, database, keyring, clock, denials.end_window)
    checkpointer.start()
    repeats = Repeats(limits.opened_window_seconds, clock)
    accesses = Accesses(database, audit)
    return AuditTrail(AuditReader(keyring), checkpointer, denials, repeats, accesses)


def checkpoint_file(settings: Settings) -> Path:
    """Where checkpoints are appended to."""
    return settings.security.audit.checkpoint_file or settings.data / "audit" / "checkpoints"


def checkpoint_files(settings: Settings) -> list[Path]:
    """Return the file that checkpoints are appended to, if there is one already."""
    file = checkpoint_file(settings)
    return [file] if file.exists() else []


def kept_notes(files: Sequence[Path], origin: str) -> list[str]:
    """Return the notes on one log that stand in files of checkpoints."""
    notes = [note for file in files for note in read_notes(file.read_text())]
    return [note for note in notes if note.startswith(f"{origin}\n")]


def checkpointer_of(
    settings: Settings,
    database: Database,
    keyring: KeyRing,
    clock: Callable[[], datetime],
    before: Callable[[], None] = lambda: None,
) -> Checkpointer:
    """Build what signs the logs; it does nothing until it is started or asked."""
    return Checkpointer(
        database=database,
        keyring=keyring,
        places=_places(settings, clock),
        settings=settings.security.audit,
        clock=clock,
        report=_report,
        before=before,
    )


def _places(settings: Settings, clock: Callable[[], datetime]) -> list[CheckpointPlace]:
    places: list[CheckpointPlace] = [CheckpointFile(checkpoint_file(settings))]
    audit = settings.security.audit
    if audit.checkpoint_syslog is not None:
        server = SyslogServer(audit.checkpoint_syslog, audit.checkpoint_syslog_seconds_max, clock)
        places.append(server)
    return places


def _report(error: Exception) -> None:
    log.error("audit_checkpoint_failed", error=type(error).__name__)
