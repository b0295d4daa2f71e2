"""Who asks, and what the grants and the token's scopes let them do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verb(StrEnum):
    """Something that a role may allow."""

    READ = "read"
    ASK = "ask"
    UPLOAD = "upload"
    EDIT = "edit"
    SHARE = "share"
    ADMINISTER = "administer"
    AUDIT = "audit"


class Role(StrEnum):
    """A named set of verbs, granted for one collection or the whole tenant."""

    READER = "reader"
    EDITOR = "editor"
    OWNER = "owner"
    AUDITOR = "auditor"

    @property
    def verbs(self) -> frozenset[Verb]:
        """What the role allows."""
        return ROLE_VERBS[self]


ROLE_VERBS: Mapping[Role, frozenset[Verb]] = {
    Role.READER: frozenset({Verb.READ, Verb.ASK}),
    Role.EDITOR: frozenset({Verb.READ, Verb.ASK, Verb.UPLOAD, Verb.EDIT}),
    Role.OWNER: frozenset(Verb),
    Role.AUDITOR: frozenset({Verb.AUDIT}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in person, with the grants as they stand at this request.

    `grants` are the person's own roles by collection id, the key None holding the tenant-wide
    one; `inherited` are those of their `groups` (by id), of which several may hold at one place.
    `scopes` are those of the access token, None for a browser session, which has no limit.
    """

    tenant_id: str
    user_id: str
    name: str
    grants: Mapping[str | None, Role]
    scopes: frozenset[Verb] | None = None
    groups: frozenset[str] = frozenset()
    inherited: Mapping[str | None, frozenset[Role]] = field(default_factory=dict)

    def roles(self, collection_id: str | None = None) -> frozenset[Role]:
        """Return the roles that count in a collection (tenant-wide ones do everywhere).

        They do not know the token's scopes: ask `verbs` for what may be done.
        """
        held: set[Role] = set()
        for place in {None, collection_id}:
            held |= self.inherited.get(place, frozenset())
            if place in self.grants:
                held.add(self.grants[place])
        return frozenset(held)

    def role(self, collection_id: str | None = None) -> Role | None:
        """Return the strongest role that counts there."""
        return max(self.roles(collection_id), key=lambda role: len(role.verbs), default=None)

    def verbs(self, collection_id: str | None = None) -> frozenset[Verb]:
        """Return what this person may do in a collection, or in the whole tenant for None."""
        granted = frozenset[Verb]().union(*(role.verbs for role in self.roles(collection_id)))
        return granted if self.scopes is None else granted & self.scopes

    def may(self, verb: Verb, collection_id: str | None = None) -> bool:
        """Whether this person may do `verb` there."""
        return verb in self.verbs(collection_id)
