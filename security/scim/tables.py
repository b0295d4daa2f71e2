"""Who may provision, and what a directory told about the people that it provisions."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from security.sealed_columns import protected
from storage.database import ID, Base, UtcDateTime


class ScimToken(Base):
    """The bearer token of a directory; only the SHA-256 of its secret is kept.

    With an `issuer`, whoever the directory provisions signs in there: the `externalId` that it
    sends is the subject of that issuer.
    """

    __tablename__ = "scim_tokens"
    __table_args__ = ({"info": {"fence": {"credential": "secret_hash"}}},)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info=protected("hash"))
    issuer: Mapped[str | None] = mapped_column(String(512))
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ScimUser(Base):
    """A user that a directory provisions.

    `attributes` is JSON (names, addresses) under the wrapped key "scim:<user id>".
    """

    __tablename__ = "scim_users"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"),)

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    external_id: Mapped[str | None] = mapped_column(String(255))
    attributes: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
