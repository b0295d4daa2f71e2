"""Put the parts together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from security.audit import AuditLog
from security.grants import Grants
from security.group_changes import GroupChanges
from security.keyring import KeyRing
from security.oauth.provider_tokens import ProviderTokens
from security.oidc.accounts import ProviderAccounts
from security.oidc.attempts import Attempts
from security.oidc.connection import Connection
from security.oidc.logout import ProviderLogout
from security.oidc.sessions import ProviderSessions
from security.oidc.settings import ProviderSettings
from security.oidc.sign_in import ProviderSignIn
from security.outbound import OutboundClient, outbound_client
from security.provided_groups import ProvidedGroups
from security.sessions import Sessions
from security.settings import SecuritySettings
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Oidc:
    """Everything about sign-in through providers; `close` ends its connections."""

    providers: tuple[ProviderSettings, ...]
    sign_in: ProviderSignIn
    sessions: ProviderSessions
    logout: ProviderLogout
    tokens: ProviderTokens
    http: OutboundClient

    def close(self) -> None:
        """Close the connections to providers."""
        self.http.close()


def build_oidc(
    settings: SecuritySettings,
    database: Database,
    keyring: KeyRing,
    *,
    sessions: Sessions,
    audit: AuditLog,
    clock: Callable[[], datetime],
) -> Oidc:
    """Build the services; nothing is fetched from a provider before somebody signs in."""
    limits, http = settings.oidc, outbound_client(settings.outbound)
    connections = {one.id: Connection(one, limits, http, clock) for one in limits.providers}
    groups = ProvidedGroups(GroupChanges(audit, clock))
    accounts = ProviderAccounts(Grants(audit, clock), groups, audit, clock)
    provider_sessions = ProviderSessions(
        database,
        keyring,
        accounts=accounts,
        sessions=sessions,
        connections=connections,
        limits=limits,
        clock=clock,
    )
    sign_in = ProviderSignIn(
        database,
        Attempts(keyring, limits, clock),
        accounts=accounts,
        sessions=sessions,
        provider_sessions=provider_sessions,
        audit=audit,
        connections=connections,
    )
    logout = ProviderLogout(database, sessions, audit, limits, clock)
    tokens = ProviderTokens(connections.values(), limits, clock)
    return Oidc(limits.providers, sign_in, provider_sessions, logout, tokens, http)
