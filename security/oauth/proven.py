"""What an access token of somebody else's proves: who, and what it was made for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from security.accounts import principal_of
from security.errors import Unauthenticated
from security.oauth.issued_tokens import living_account, scopes_of
from security.principal import Principal, Verb
from security.tables import SERVICE, Identity, User
from storage.row_security import enter_tenant


@dataclass(frozen=True, slots=True)
class ProvenToken:
    """A token that its provider vouches for; whose it is here is for the rows to say."""

    issuer: str
    subject: str
    scopes: frozenset[Verb]
    expires_at: datetime

    def principal(self, session: Session, tenant_id: str, now: datetime) -> Principal:
        """Return who the token stands for now, limited to its scopes.

        Raises:
            Unauthenticated: nobody is known by this identity, or the token or account has ended.
        """
        enter_tenant(session, tenant_id)
        identity = session.get(Identity, (tenant_id, self.issuer, self.subject))
        if identity is None or self.expires_at <= now:
            raise Unauthenticated
        user = session.get_one(User, identity.user_id)
        if user.kind == SERVICE and living_account(session, tenant_id, user.id, now) is None:
            raise Unauthenticated
        return principal_of(session, user.id, self.scopes)


def scopes_from(claims: Mapping[str, Any], prefix: str) -> frozenset[Verb]:
    """Return the verbs among a token's scopes; some providers call the claim `scp`."""
    said = claims.get("scope", claims.get("scp"))
    names = said.split() if isinstance(said, str) else said
    if not isinstance(names, list):
        return frozenset()
    ours = [name for name in names if isinstance(name, str) and name.startswith(prefix)]
    return scopes_of([name.removeprefix(prefix) for name in ours])
