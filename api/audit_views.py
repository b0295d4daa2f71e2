"""Turn what the audit log gives into what goes over the wire."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import cast

from api import audit_schemas as schemas
from security.audit import AuditRecord, Outcome
from security.audit.reading import EntryFilter, LogState, Proof
from security.audit.tables import AuditCheckpoint
from security.audit.verification import Report


def page(
    records: Sequence[AuditRecord], limit: int, names: Mapping[str, str]
) -> schemas.AuditEntryList:
    """Show up to `limit` records; one more says that there is a next page."""
    shown = records[:limit]
    more = len(records) > limit
    return schemas.AuditEntryList(
        items=[_entry(record, names) for record in shown],
        next=shown[-1].leaf_index if more else None,
    )


def event(record: AuditRecord, names: Mapping[str, str]) -> schemas.AuditEvent:
    """Show one record with its event."""
    entry = _entry(record, names).model_dump()
    return schemas.AuditEvent(
        **entry, event=json.loads(record.body), canonical=record.body.decode()
    )


def checkpoints(found: Sequence[AuditCheckpoint], limit: int) -> schemas.AuditCheckpointList:
    """Show up to `limit` checkpoints; one more says that there is a next page."""
    shown = [_checkpoint(row) for row in found[:limit]]
    return schemas.AuditCheckpointList(
        items=shown, next=shown[-1].size if len(found) > limit else None
    )


def state(found: LogState, verifier_key: str) -> schemas.AuditState:
    """Show how far the log is."""
    last = found.last_checkpoint
    return schemas.AuditState(
        size=found.size,
        root=_base64(found.root),
        verifier_key=verifier_key,
        last_checkpoint=_checkpoint(last) if last else None,
    )


def inclusion(index: int, proof: Proof) -> schemas.InclusionProof:
    """Show a proof of one entry."""
    return schemas.InclusionProof(
        index=index,
        size=proof.size,
        leaf_hash=_base64(proof.leaf),
        root=_base64(proof.root),
        hashes=[_base64(node) for node in proof.hashes],
    )


def consistency(first: int, proof: Proof) -> schemas.ConsistencyProof:
    """Show a proof of two trees."""
    return schemas.ConsistencyProof(
        first=first,
        second=proof.size,
        root=_base64(proof.root),
        hashes=[_base64(node) for node in proof.hashes],
    )


def verification(report: Report) -> schemas.AuditVerification:
    """Show the outcome of a verification."""
    finding = report.finding
    return schemas.AuditVerification(
        ok=report.ok,
        size=report.size,
        checkpoints=report.checkpoints,
        finding=schemas.AuditFinding(**asdict(finding)) if finding else None,
    )


def described(wanted: EntryFilter) -> dict[str, str]:
    """Say what was looked for, as it goes on record."""
    return {name: str(value) for name, value in asdict(wanted).items() if value is not None}


def _entry(record: AuditRecord, names: Mapping[str, str]) -> schemas.AuditEntry:
    details = record.details
    return schemas.AuditEntry(
        index=record.leaf_index,
        id=record.id,
        at=record.at,
        actor=record.actor,
        actor_name=names.get(record.actor),
        action=record.action,
        target=record.target,
        target_name=names.get(record.target or ""),
        outcome=cast("Outcome", record.outcome),
        details=None if details is None else dict(details),
    )


def _checkpoint(row: AuditCheckpoint) -> schemas.AuditCheckpoint:
    return schemas.AuditCheckpoint(size=row.size, at=row.at, note=row.note)


def _base64(node: bytes) -> str:
    return base64.b64encode(node).decode()
