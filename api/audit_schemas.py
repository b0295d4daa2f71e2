"""The audit log over the wire. Hashes are base64, as in the notes that sign them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

Outcome = Literal["success", "denied", "failure"]


class AuditEntry(BaseModel):
    """An entry; `index` is its leaf. `details` is null when the person's key was destroyed.

    `actor_name` and `target_name` are those of people who have an account still.
    """

    index: int | None
    id: str
    at: datetime
    actor: str
    actor_name: str | None
    action: str
    target: str | None
    target_name: str | None
    outcome: Outcome
    details: dict[str, Any] | None


class AuditEntryList(BaseModel):
    """A page, newest first; `next` is the `before` of the next one, null at the end."""

    items: list[AuditEntry]
    next: int | None


class AuditEvent(AuditEntry):
    """An entry with the OCSF event that its leaf hashes, as canonical JSON (RFC 8785)."""

    event: dict[str, Any]
    canonical: str


class AuditCheckpoint(BaseModel):
    """A signed note (C2SP tlog-checkpoint) on the first `size` entries."""

    size: int
    at: datetime
    note: str


class AuditCheckpointList(BaseModel):
    """A page, newest first; `next` is the `before` of the next one, null at the end."""

    items: list[AuditCheckpoint]
    next: int | None


class AuditState(BaseModel):
    """How large the log is, its root, who signs it, and the last signature."""

    size: int
    root: str
    verifier_key: str
    last_checkpoint: AuditCheckpoint | None


class InclusionProof(BaseModel):
    """Shows that leaf `index` is in the tree of `size` leaves with this root (RFC 9162)."""

    index: int
    size: int
    leaf_hash: str
    root: str
    hashes: list[str]


class ConsistencyProof(BaseModel):
    """Shows that the tree of `second` leaves with this root continues that of `first`."""

    first: int
    second: int
    root: str
    hashes: list[str]


class AuditFinding(BaseModel):
    """What is wrong: the first bad leaf, or from `first` to `last` the leaves that it is among."""

    kind: str
    first: int
    last: int
    words: str


class AuditVerification(BaseModel):
    """The outcome of verifying the whole log as it is stored."""

    ok: bool
    size: int
    checkpoints: int
    finding: AuditFinding | None
