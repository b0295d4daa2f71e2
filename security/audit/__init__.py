"""The audit log: entries that only grow, a Merkle tree over them, signed checkpoints."""

from security.audit.entry import Outcome
from security.audit.log import AuditLog, AuditRecord

__all__ = ["AuditLog", "AuditRecord", "Outcome"]
