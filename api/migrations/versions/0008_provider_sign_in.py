"""Sign-ins through identity providers that are under way, and the sessions that they started."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from api.migrations.fences import enable_row_security
from storage.database import UtcDateTime

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    _sign_in_attempts()
    _provider_sessions()
    _logout_tokens()


def downgrade() -> None:
    """Undo; who signed in through a provider is asked again."""
    for table in ("logout_tokens", "provider_sessions", "sign_in_attempts"):
        op.drop_table(table)


def _sign_in_attempts() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(32), nullable=False),
        _tenant(),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _time("expires_at"),
        _of_tenant("sign_in_attempts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index(op.f("ix_sign_in_attempts_expires_at"), "sign_in_attempts", ["expires_at"])
    enable_row_security("sign_in_attempts")


def _provider_sessions() -> None:
    table = "provider_sessions"
    op.create_table(
        table,
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        _tenant(),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("sid", sa.String(255)),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _time("confirmed_at"),
        _time("refresh_at"),
        sa.ForeignKeyConstraint(
            ["secret_hash"],
            ["sessions.secret_hash"],
            name=op.f("fk_provider_sessions_secret_hash_sessions"),
            ondelete="CASCADE",
        ),
        _of_tenant(table),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_sessions")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_provider_sessions_secret_hash")),
    )
    for name in ("subject", "sid"):
        op.create_index(f"ix_provider_sessions_{name}", table, ["tenant_id", "issuer", name])
    enable_row_security(table, credential="secret_hash")


def _logout_tokens() -> None:
    op.create_table(
        "logout_tokens",
        _tenant(),
        sa.Column("jti_hash", sa.LargeBinary(32), nullable=False),
        _time("expires_at"),
        _of_tenant("logout_tokens"),
        sa.PrimaryKeyConstraint("tenant_id", "jti_hash", name=op.f("pk_logout_tokens")),
    )
    op.create_index(op.f("ix_logout_tokens_expires_at"), "logout_tokens", ["expires_at"])
    enable_row_security("logout_tokens")


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant_id", sa.String(32), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, UtcDateTime(timezone=True), nullable=False)


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_tenant_id_tenants")
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=name)
