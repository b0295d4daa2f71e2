"""Permission lists as people write them, checked and interned."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.errors import LockedOut, PermissionsRefused
from ingest.settings import UploadLimits
from retrieval.access import admits, intern_acl
from retrieval.holdings import collection_name, group_name, user_name
from retrieval.tables import Acl, Collection
from security.errors import Forbidden
from security.grants import may_hand_out
from security.principal import Principal, Role, Verb
from security.tables import Group, User

_ENTRY: Final = re.compile(
    r"(?:user|group|collection):[0-9a-f]{32}|role:(?:" + "|".join(Role) + ")", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who may see a document: "user:<id>", "group:<id>", "role:<role>", "collection:<id>".

    The collection is the document's own and means everyone who holds a role there that lets them
    read or ask; "role:<role>" means who holds that role there, be it a tenant-wide one.
    """

    allow: Sequence[str]
    deny: Sequence[str] = ()


def chosen_acl(
    session: Session,
    principal: Principal,
    collection: Collection,
    wanted: Wanted | None,
    limits: UploadLimits,
) -> int:
    """Intern what is `wanted` for a document, else return the collection's default.

    Raises:
        Forbidden: the caller may not share the collection.
        PermissionsRefused, LockedOut: see `checked_acl`.
    """
    if wanted is not None:
        return checked_acl(session, principal, collection.id, wanted, limits)
    if collection.default_acl_id is not None:
        return collection.default_acl_id
    return intern_acl(session, collection.tenant_id, [collection_name(collection.id)])


def checked_acl(  # noqa: PLR0917 - the list, where it is to hold, and who asks for it
    session: Session,
    principal: Principal,
    collection_id: str,
    wanted: Wanted,
    limits: UploadLimits,
    present: Acl | None = None,
) -> int:
    """Intern a list that takes the place of `present`, of which it may keep any entry.

    Raises:
        Forbidden: the caller may not share the collection, or may not read and ask there.
        PermissionsRefused: see there; an unknown name in a deny list would protect nothing.
        LockedOut: the caller would not see the document.
    """
    if not principal.may(Verb.SHARE, collection_id):
        raise Forbidden
    may_hand_out(principal, Role.READER, collection_id)
    _check_entries(wanted, collection_id, limits)
    kept = frozenset(present.allow + present.deny) if present else frozenset[str]()
    new = frozenset([*wanted.allow, *wanted.deny]) - kept
    _refuse_unknown(session, principal.tenant_id, new)
    allow, deny = (stored(entries, collection_id) for entries in (wanted.allow, wanted.deny))
    if not admits(principal, allow, deny):
        raise LockedOut
    return intern_acl(session, principal.tenant_id, allow, deny)


def stored(entries: Iterable[str], collection_id: str) -> list[str]:
    """Return entries as they are stored: a role counts in the document's collection."""
    return [f"{name}:{collection_id}" if name.startswith("role:") else name for name in entries]


def written(entries: Iterable[str]) -> list[str]:
    """Return stored entries as people write them."""
    return [":".join(name.split(":")[:2]) for name in entries]


def _check_entries(wanted: Wanted, collection_id: str, limits: UploadLimits) -> None:
    entries = [*wanted.allow, *wanted.deny]
    if len(entries) > limits.permission_entries_max:
        detail = (
            f"The permissions of a document hold at most {limits.permission_entries_max} entries."
        )
        raise PermissionsRefused(detail)
    own = collection_name(collection_id)
    if not all(map(_ENTRY.fullmatch, entries)):
        raise PermissionsRefused
    foreign = [name for name in wanted.allow if name.startswith("collection:") and name != own]
    if foreign or any(name.startswith("collection:") for name in wanted.deny):
        raise PermissionsRefused


def _refuse_unknown(session: Session, tenant_id: str, entries: frozenset[str]) -> None:
    users = select(User.id).where(User.tenant_id == tenant_id, User.id.in_(_ids(entries, "user")))
    groups = select(Group.id).where(
        Group.tenant_id == tenant_id, Group.id.in_(_ids(entries, "group"))
    )
    known = {*map(user_name, session.scalars(users)), *map(group_name, session.scalars(groups))}
    named = {name for name in entries if name.startswith(("user:", "group:"))}
    if named - known:
        raise PermissionsRefused


def _ids(entries: Iterable[str], wanted: str) -> list[str]:
    pairs = (name.split(":", 1) for name in entries)
    return sorted(key for kind, key in pairs if kind == wanted)
