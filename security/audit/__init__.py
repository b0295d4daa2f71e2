"""The audit log: entries that only grow, a Merkle tree over them, signed checkpoints."""

from security.audit.entry import Outcome
from security.audit.log import AuditLog
from security.audit.opening import AuditRecord

__all__ = ["AuditLog", "AuditRecord", "Outcome"]
