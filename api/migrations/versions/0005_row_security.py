"""Row-level security on the tables that there are."""

from collections.abc import Sequence

from api.migrations.fences import disable_row_security, enable_row_security

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TABLES = (
    "acls",
    "audit_entries",
    "chunks",
    "client_assertions",
    "collections",
    "conversations",
    "documents",
    "grants",
    "group_members",
    "groups",
    "identities",
    "index_changes",
    "scim_users",
    "service_accounts",
    "signing_keys",
    "tenant_keys",
    "turns",
    "users",
    "wrapped_keys",
)
_WITH_CREDENTIALS = ("access_tokens", "scim_tokens", "sessions")


def upgrade() -> None:
    """Apply."""
    enable_row_security("tenants", tenant="id")
    for table in _TABLES:
        enable_row_security(table)
    for table in _WITH_CREDENTIALS:
        enable_row_security(table, credential="secret_hash")


def downgrade() -> None:
    """Take back."""
    for table in _WITH_CREDENTIALS:
        disable_row_security(table, credential=True)
    for table in ("tenants", *_TABLES):
        disable_row_security(table)
