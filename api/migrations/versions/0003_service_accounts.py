"""Service accounts, keys that sign access tokens, provisioning by SCIM."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from storage.database import UtcDateTime

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "users", sa.Column("kind", sa.String(16), nullable=False, server_default="person")
    )
    op.add_column("users", sa.Column("deactivated_at", UtcDateTime(timezone=True)))
    _service_accounts()
    _signing_keys()
    _client_assertions()
    _scim()


def downgrade() -> None:
    """Undo."""
    for table in (
        "scim_users",
        "scim_tokens",
        "client_assertions",
        "signing_keys",
        "service_accounts",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM users WHERE kind <> 'person'")
    op.drop_column("users", "deactivated_at")
    op.drop_column("users", "kind")


def _service_accounts() -> None:
    op.create_table(
        "service_accounts",
        sa.Column("id", sa.String(32), nullable=False),
        _tenant(),
        sa.Column("secret_hash", sa.LargeBinary(32)),
        sa.Column("public_jwk", sa.JSON(none_as_null=True)),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        _time("created_at"),
        _time("expires_at"),
        sa.ForeignKeyConstraint(
            ["id"], ["users.id"], name=op.f("fk_service_accounts_id_users"), ondelete="CASCADE"
        ),
        _of_tenant("service_accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_accounts")),
    )
    op.create_index(op.f("ix_service_accounts_tenant_id"), "service_accounts", ["tenant_id"])


def _signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(32), nullable=False),
        _tenant(),
        sa.Column("public_jwk", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _time("created_at"),
        _time("ends_at"),
        _of_tenant("signing_keys"),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_index("ix_signing_keys_tenant_created", "signing_keys", ["tenant_id", "created_at"])


def _client_assertions() -> None:
    op.create_table(
        "client_assertions",
        sa.Column("service_account_id", sa.String(32), nullable=False),
        sa.Column("jti_hash", sa.LargeBinary(32), nullable=False),
        _tenant(),
        _time("expires_at"),
        sa.ForeignKeyConstraint(
            ["service_account_id"],
            ["service_accounts.id"],
            name=op.f("fk_client_assertions_service_account_id_service_accounts"),
            ondelete="CASCADE",
        ),
        _of_tenant("client_assertions"),
        sa.PrimaryKeyConstraint(
            "service_account_id", "jti_hash", name=op.f("pk_client_assertions")
        ),
    )
    op.create_index(op.f("ix_client_assertions_expires_at"), "client_assertions", ["expires_at"])


def _scim() -> None:
    op.create_table(
        "scim_tokens",
        sa.Column("id", sa.String(32), nullable=False),
        _tenant(),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("issuer", sa.String(512)),
        sa.Column("created_by", sa.String(80), nullable=False),
        _time("created_at"),
        _time("expires_at"),
        _of_tenant("scim_tokens"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_scim_tokens_secret_hash")),
    )
    op.create_index(op.f("ix_scim_tokens_tenant_id"), "scim_tokens", ["tenant_id"])
    op.create_table(
        "scim_users",
        sa.Column("user_id", sa.String(32), nullable=False),
        _tenant(),
        sa.Column("external_id", sa.String(255)),
        sa.Column("attributes", sa.LargeBinary(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_scim_users_user_id_users"), ondelete="CASCADE"
        ),
        _of_tenant("scim_users"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_scim_users")),
        sa.UniqueConstraint(
            "tenant_id", "external_id", name=op.f("uq_scim_users_tenant_id_external_id")
        ),
    )


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant_id", sa.String(32), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, UtcDateTime(timezone=True), nullable=False)


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_tenant_id_tenants")
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=name)
