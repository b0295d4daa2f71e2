"""Accounts of programs, the keys that sign their tokens, and client assertions already seen."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from security.sealed_columns import protected
from storage.database import ID, Base, UtcDateTime


class ServiceAccount(Base):
    """The credentials of a program; the row of `users` with the same id holds name and grants.

    It authenticates with a secret, of which only the SHA-256 is kept, or with a key of which only
    the public part is known here. `generation` counts the credentials: a token names the one it
    was issued under, and ends with it.
    """

    __tablename__ = "service_accounts"

    id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), info=protected("hash"))
    public_jwk: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    generation: Mapped[int]
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SigningKey(Base):
    """A key pair that signs access tokens; the newest signs, `kid` says which one did.

    `sealed` is the private key under the wrapped key "signing:<kid>". The public key is served
    until `ends_at`, when the last token that it signed has expired.
    """

    __tablename__ = "signing_keys"
    __table_args__ = (Index("ix_signing_keys_tenant_created", "tenant_id", "created_at"),)

    kid: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    public_jwk: Mapped[dict[str, str]] = mapped_column(JSON)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ClientAssertion(Base):
    """A client assertion that was accepted, kept until it has expired so that none counts twice."""

    __tablename__ = "client_assertions"

    service_account_id: Mapped[str] = mapped_column(
        ForeignKey("service_accounts.id", ondelete="CASCADE"), primary_key=True
    )
    jti_hash: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True, info=protected("hash")
    )
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
