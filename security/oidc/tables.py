"""Sign-ins under way, what sessions owe to a provider, and logout tokens already seen."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from security.sealed_columns import protected
from storage.database import ID, Base, UtcDateTime


class SignInAttempt(Base):
    """A sign-in that a browser began; deleted by the first answer, whatever it is.

    `id` is the SHA-256 of the state, in hex; of the browser's secret, too, only the hash is kept.
    `sealed` holds nonce, PKCE verifier and where to go on.
    """

    __tablename__ = "sign_in_attempts"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary(32), info=protected("hash"))
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    provider: Mapped[str] = mapped_column(String(32))
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=protected("tenant"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ProviderSession(Base):
    """What a browser session owes to the provider that vouched for it.

    `sealed` holds the refresh token, if any, and the nonce. `sid` is the provider's own name of
    its session.
    """

    __tablename__ = "provider_sessions"
    __table_args__ = (
        Index("ix_provider_sessions_subject", "tenant_id", "issuer", "subject"),
        Index("ix_provider_sessions_sid", "tenant_id", "issuer", "sid"),
        {"info": {"fence": {"credential": "secret_hash"}}},
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(
        ForeignKey("sessions.secret_hash", ondelete="CASCADE"),
        unique=True,
        info=protected("hash"),
    )
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    provider: Mapped[str] = mapped_column(String(32))
    issuer: Mapped[str] = mapped_column(String(512))
    subject: Mapped[str] = mapped_column(String(255))
    sid: Mapped[str | None] = mapped_column(String(255))
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=protected("tenant"))
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refresh_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LogoutToken(Base):
    """A logout token that was obeyed, kept until it has expired so that none counts twice."""

    __tablename__ = "logout_tokens"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    jti_hash: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True, info=protected("hash")
    )
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
