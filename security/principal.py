"""Who asks, and what the grants and the token's scopes let them do."""

from collections.abc import Mapping
from dataclasses import dataclass
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

    @property
    def verbs(self) -> frozenset[Verb]:
        """What the role allows."""
        return ROLE_VERBS[self]


ROLE_VERBS: Mapping[Role, frozenset[Verb]] = {
    Role.READER: frozenset({Verb.READ, Verb.ASK}),
    Role.EDITOR: frozenset({Verb.READ, Verb.ASK, Verb.UPLOAD, Verb.EDIT}),
    Role.OWNER: frozenset(Verb),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in person, with the grants as they stand at this request.

    `grants` maps a collection id to a role; the key None holds the tenant-wide role. `scopes`
    are those of the access token, None for a browser session, which has no limit of its own.
    """

    tenant_id: str
    user_id: str
    name: str
    grants: Mapping[str | None, Role]
    scopes: frozenset[Verb] | None = None

    def verbs(self, collection_id: str | None = None) -> frozenset[Verb]:
        """Return what this person may do in a collection, or in the whole tenant for None."""
        granted: frozenset[Verb] = frozenset()
        for place in {None, collection_id}:
            if place in self.grants:
                granted |= self.grants[place].verbs
        return granted if self.scopes is None else granted & self.scopes

    def may(self, verb: Verb, collection_id: str | None = None) -> bool:
        """Whether this person may do `verb` there."""
        return verb in self.verbs(collection_id)
