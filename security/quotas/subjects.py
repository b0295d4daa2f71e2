"""Whose requests count together."""

from dataclasses import dataclass
from hashlib import sha256

from security.principal import Principal

_DIGEST_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Subject:
    """A person, a token or a tenant; `key` names it among its `kind` without being a secret."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


def subjects_of(principal: Principal, bearer: str | None) -> tuple[Subject, ...]:
    """Return all whose limits a request of `principal` counts against."""
    user = user_subject(principal.tenant_id, principal.user_id)
    tenant = Subject("tenant", principal.tenant_id)
    if bearer is None:
        return user, tenant
    digest = sha256(bearer.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return user, Subject("token", digest), tenant


def user_subject(tenant_id: str, user_id: str) -> Subject:
    """Return what a person's requests are counted under."""
    return Subject("user", f"{tenant_id}/{user_id}")
