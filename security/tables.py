"""Tenants, people, what they may do, wrapped keys and the audit log."""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from security.sealed_columns import protected
from storage.database import BIG_ID, ID, Base, UtcDateTime

PERSON: Final = "person"
SERVICE: Final = "service"
"""The kinds of accounts."""


class Tenant(Base):
    """An organisation; nothing of one tenant is ever visible to another."""

    __tablename__ = "tenants"
    __table_args__ = ({"info": {"fence": {"tenant": "id"}}},)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    permission_epoch: Mapped[int] = mapped_column(BIG_ID, default=0, server_default="0")
    """See `security.epochs`."""


class TenantKey(Base):
    """One version of a tenant's key, wrapped by a key-encryption key."""

    __tablename__ = "tenant_keys"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary, info=protected("wrapped"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WrappedKey(Base):
    """The key of one document, collection or person, wrapped by the tenant key.

    `owner` is "document:<id>" and the like. Deleting the row makes all that the key sealed
    unreadable for good.
    """

    __tablename__ = "wrapped_keys"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary, info=protected("wrapped"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class User(Base):
    """An account: a person's, or (`kind` "service") that of a program.

    Without a password a person signs in through an identity provider only. Since
    `deactivated_at` nobody can use the account; None: it is active.
    """

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16), server_default=PERSON, default=PERSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deactivated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Identity(Base):
    """Who a person is to an OpenID Connect provider: `subject` is unique for its `issuer` only.

    Names and e-mail addresses are never part of it: providers reassign them.
    """

    __tablename__ = "identities"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(512), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Group(Base):
    """People who are given rights together.

    `source` is "local" for groups made here, otherwise the provider that names them (an issuer,
    or "scim"); `external_id` is what it calls them.
    """

    __tablename__ = "groups"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "name"),
        UniqueConstraint("tenant_id", "source", "external_id"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    name: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(512))
    external_id: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class GroupMember(Base):
    """A user who is in a group."""

    __tablename__ = "group_members"

    group_id: Mapped[str] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Grant(Base):
    """A role of a user or of a group, for one collection or (without one) the whole tenant."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="one_holder"),
        UniqueConstraint("user_id", "collection_id"),
        UniqueConstraint("group_id", "collection_id"),
        # NULLs are distinct in a unique constraint, so the tenant-wide grant needs its own.
        Index(
            "uq_grants_tenant_wide",
            "user_id",
            unique=True,
            sqlite_where=text("collection_id IS NULL"),
            postgresql_where=text("collection_id IS NULL"),
        ),
        Index(
            "uq_grants_group_tenant_wide",
            "group_id",
            unique=True,
            sqlite_where=text("collection_id IS NULL"),
            postgresql_where=text("collection_id IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    group_id: Mapped[str | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    collection_id: Mapped[str | None] = mapped_column(ID, index=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BrowserSession(Base):
    """A signed-in browser; only the SHA-256 of its secret is kept."""

    __tablename__ = "sessions"
    __table_args__ = ({"info": {"fence": {"credential": "secret_hash"}}},)

    secret_hash: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True, info=protected("hash")
    )
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class AccessToken(Base):
    """A personal access token; only the SHA-256 of its secret is kept."""

    __tablename__ = "access_tokens"
    __table_args__ = ({"info": {"fence": {"credential": "secret_hash"}}},)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info=protected("hash"))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
