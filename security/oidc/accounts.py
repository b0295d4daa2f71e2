"""Who a provider's person is here: an account of theirs, and the groups that the claims name."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from security.accounts import NAME_CHARACTERS_MAX, normal_name
from security.audit import AuditLog
from security.errors import NameRefused
from security.grants import Grants
from security.oidc.claims import Admission
from security.oidc.errors import NotAdmitted
from security.oidc.settings import ProviderSettings
from security.principal import Principal, Role
from security.provided_groups import ProvidedGroups
from security.tables import PERSON, Grant, Group, Identity, User


class ProviderAccounts:
    """Finds or makes the account of an identity, and keeps its groups as the claims have them.

    An account is found by (tenant, issuer, subject) and by nothing else: a name or an e-mail
    address that somebody else has here already never opens their account.
    """

    def __init__(
        self, grants: Grants, groups: ProvidedGroups, audit: AuditLog, clock: Callable[[], datetime]
    ) -> None:
        self._grants = grants
        self._groups = groups
        self._audit = audit
        self._clock = clock

    def admit(
        self,
        session: Session,
        tenant_id: str,
        settings: ProviderSettings,
        subject: str,
        admitted: Admission | None,
    ) -> User | None:
        """Return the account of the identity with its rights as the claims have them now.

        None: there is none, or it is a program's, which signs in nowhere.
        Without an admission nothing is made, and an account that exists loses what this provider
        gave it: its access tokens then open nothing, either.
        """
        identity = session.get(Identity, (tenant_id, settings.issuer, subject))
        user = session.get(User, identity.user_id) if identity else None
        if user is not None and user.kind != PERSON:
            raise NotAdmitted
        if user is None and admitted is not None:
            user = self._create(session, tenant_id, settings, subject, admitted.name)
        if user is not None and user.kind != PERSON:
            return None
        if user is not None:
            names = admitted.groups if admitted else frozenset()
            self._put_into_groups(session, user, settings, names)
        return user

    def _put_into_groups(
        self, session: Session, user: User, settings: ProviderSettings, names: frozenset[str]
    ) -> None:
        tenant_id, issuer, actor = user.tenant_id, settings.issuer, actor_of(settings.id)
        for name in sorted(names):
            ours = settings.group_name(name)
            group = self._groups.put(session, tenant_id, actor, issuer, name, ours)
            if name in settings.roles:
                self._grant(session, settings, group, settings.roles[name])
        self._groups.set_groups(session, tenant_id, user.id, issuer, names)

    def _grant(
        self, session: Session, settings: ProviderSettings, group: Group, role: Role
    ) -> None:
        held = select(Grant.role).filter_by(group_id=group.id, collection_id=None)
        if session.scalar(held) != role:
            # The settings are the operator's word, so they may hand out any role.
            actor = Principal(
                group.tenant_id, actor_of(settings.id), settings.title, {None: Role.OWNER}
            )
            self._grants.set_group(session, actor, group.id, None, role)

    def _create(
        self,
        session: Session,
        tenant_id: str,
        settings: ProviderSettings,
        subject: str,
        name: str,
    ) -> User:
        now = self._clock()
        user = User(
            id=uuid4().hex,
            tenant_id=tenant_id,
            name=_free_name(session, tenant_id, name, settings.title),
            created_at=now,
        )
        session.add(user)
        session.flush()
        identity = Identity(
            tenant_id=tenant_id,
            issuer=settings.issuer,
            subject=subject,
            user_id=user.id,
            created_at=now,
        )
        session.add(identity)
        details = {"name": user.name, "issuer": settings.issuer, "subject": subject}
        self._audit.record(
            session,
            tenant_id,
            actor_of(settings.id),
            "user.create",
            user.id,
            details=details,
            about=user.id,
        )
        return user


def _free_name(session: Session, tenant_id: str, name: str, title: str) -> str:
    """Return a name that nobody has: with the provider's title, then also with a number."""
    try:
        wanted = normal_name(name)
    except NameRefused:
        wanted = normal_name(title)
    candidates = [wanted, _suffixed(wanted, title)]
    number = 2
    while True:
        for candidate in candidates:
            taken = select(User.id).filter_by(tenant_id=tenant_id, name=candidate)
            if session.scalar(taken) is None:
                return candidate
        candidates = [_suffixed(wanted, str(number))]
        number += 1


def _suffixed(name: str, suffix: str) -> str:
    room = NAME_CHARACTERS_MAX - len(suffix) - len(" ()")
    return normal_name(f"{name[:room].rstrip()} ({suffix})")


def actor_of(provider: str) -> str:
    """Name a provider as the actor in the audit log."""
    return f"provider:{provider}"
