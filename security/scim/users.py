"""Users as a directory provisions them: it sees and changes those that it brought, no others."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session

from security.accounts import normal_name
from security.audit import AuditLog
from security.epochs import bump
from security.errors import NameRefused, NotFound
from security.grants import keep_an_owner
from security.keyring import KeyRing
from security.places import Place
from security.scim.attributes import Person, boolean_of, person_of
from security.scim.errors import InvalidFilter, InvalidValue, NotUnique
from security.scim.filters import Comparison, parsed_filter
from security.scim.patch import patched
from security.scim.tables import ScimUser
from security.scim.tokens import Directory
from security.tables import PERSON, AccessToken, BrowserSession, Identity, User


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A provisioned user."""

    id: str
    person: Person
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Part of what a filter finds; `start` counts from 1 (RFC 7644, section 3.4.2.4)."""

    items: Sequence[Any]
    total: int
    start: int


class ScimUsers:
    """Creates, finds, changes and removes users, each change with its audit entry."""

    def __init__(self, keyring: KeyRing, audit: AuditLog, clock: Callable[[], datetime]) -> None:
        self._keyring = keyring
        self._audit = audit
        self._clock = clock

    def create(
        self, session: Session, directory: Directory, resource: Mapping[str, Any]
    ) -> UserRecord:
        """Add a user, or take over the account that signed in as this subject before.

        Raises:
            InvalidValue: an attribute cannot be taken.
            NotUnique: the userName or externalId is somebody's.
        """
        person, now = person_of(resource), self._clock()
        user = self._signed_in_before(session, directory, person)
        if user is None:
            user = User(
                id=uuid4().hex,
                tenant_id=directory.tenant_id,
                name=_free_name(session, directory, person, None),
                password_hash=None,
                created_at=now,
            )
            session.add(user)
            session.flush()
        cipher = self._keyring.create(session, directory.tenant_id, _owner(user.id))
        row = ScimUser(
            user_id=user.id,
            tenant_id=directory.tenant_id,
            attributes=cipher.seal(_place(user.id), b"{}"),
            created_at=now,
            updated_at=now,
        )
        self._write(session, directory, row, user, person)
        self._record(session, directory, "user.create", user.id, {"name": user.name})
        return self._read(session, row, user)

    def get(self, session: Session, directory: Directory, user_id: str) -> UserRecord:
        """Return a user.

        Raises:
            NotFound: the directory brought none of this id.
        """
        row, user = _found(session, directory, user_id)
        return self._read(session, row, user)

    def page(
        self, session: Session, directory: Directory, text: str | None, start: int, count: int
    ) -> Page:
        """Return the users that a filter finds, by id.

        Raises:
            InvalidFilter: it cannot be read, or names an attribute that is not searched by.
        """
        query = _provisioned(directory)
        for condition in parsed_filter(text) if text else ():
            query = query.where(_rule(condition))
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = session.execute(query.order_by(User.id).offset(start - 1).limit(count))
        return Page([self._read(session, row, user) for row, user in rows], total, start)

    def replace(
        self, session: Session, directory: Directory, user_id: str, resource: Mapping[str, Any]
    ) -> UserRecord:
        """Put a user's attributes in place of those it has.

        Raises:
            NotFound, InvalidValue, NotUnique: as above.
            LastOwner: nobody would be left to administer the tenant.
        """
        row, user = _found(session, directory, user_id)
        self._write(session, directory, row, user, person_of(resource))
        details = {"name": user.name, "active": user.deactivated_at is None}
        self._record(session, directory, "user.update", user.id, details)
        return self._read(session, row, user)

    def patch(
        self, session: Session, directory: Directory, user_id: str, operations: object
    ) -> UserRecord:
        """Change some of a user's attributes.

        Raises:
            ScimRefused: the operations cannot be applied.
            NotFound, LastOwner: as above.
        """
        present = self.get(session, directory, user_id).person.resource
        return self.replace(session, directory, user_id, patched(present, operations))

    def delete(self, session: Session, directory: Directory, user_id: str) -> None:
        """Delete a user with all grants, sessions and tokens; what they uploaded stays.

        Raises:
            NotFound, LastOwner: as above.
        """
        _, user = _found(session, directory, user_id)
        keep_an_owner(session, directory.tenant_id, user_id)
        session.execute(delete(User).where(User.id == user.id))
        self._keyring.destroy(session, directory.tenant_id, _owner(user_id))
        bump(session, directory.tenant_id)
        self._record(session, directory, "user.delete", user_id, {})

    def _signed_in_before(
        self, session: Session, directory: Directory, person: Person
    ) -> User | None:
        if directory.issuer is None or person.external_id is None:
            return None
        key = (directory.tenant_id, directory.issuer, person.external_id)
        identity = session.get(Identity, key)
        if identity is None:
            return None
        if session.get(ScimUser, identity.user_id) is not None:
            raise NotUnique
        user = session.get_one(User, identity.user_id)
        if user.kind != PERSON:
            raise NotUnique
        return user

    def _write(
        self,
        session: Session,
        directory: Directory,
        row: ScimUser,
        user: User,
        person: Person,
    ) -> None:
        user.name = _free_name(session, directory, person, user.id)
        self._link(session, directory, row, person.external_id)
        cipher = self._keyring.cipher(session, row.tenant_id, _owner(user.id))
        kept = json.dumps(person.kept, ensure_ascii=False).encode()
        row.attributes, row.updated_at = cipher.seal(_place(user.id), kept), self._clock()
        session.add(row)
        if person.active:
            user.deactivated_at = None
        elif user.deactivated_at is None:
            self._deactivate(session, user)
        session.flush()

    def _deactivate(self, session: Session, user: User) -> None:
        keep_an_owner(session, user.tenant_id, user.id)
        user.deactivated_at = self._clock()
        # Also gone when the account is active again: who comes back signs in anew.
        session.execute(delete(BrowserSession).where(BrowserSession.user_id == user.id))
        session.execute(delete(AccessToken).where(AccessToken.user_id == user.id))

    def _link(
        self, session: Session, directory: Directory, row: ScimUser, external_id: str | None
    ) -> None:
        before, row.external_id = row.external_id, external_id
        if external_id != before and external_id is not None:
            taken = select(ScimUser.user_id).filter_by(
                tenant_id=directory.tenant_id, external_id=external_id
            )
            with session.no_autoflush:
                if session.scalar(taken):
                    raise NotUnique
        if directory.issuer is None:
            return
        if before is not None and before != external_id:
            self._unlink(session, directory.tenant_id, directory.issuer, before, row.user_id)
        if external_id is None:
            return
        key = (directory.tenant_id, directory.issuer, external_id)
        identity = session.get(Identity, key)
        if identity is None:
            session.add(
                Identity(
                    tenant_id=directory.tenant_id,
                    issuer=directory.issuer,
                    subject=external_id,
                    user_id=row.user_id,
                    created_at=self._clock(),
                )
            )
        elif identity.user_id != row.user_id:
            raise NotUnique

    def _unlink(
        self, session: Session, tenant_id: str, issuer: str, subject: str, user_id: str
    ) -> None:
        identity = session.get(Identity, (tenant_id, issuer, subject))
        if identity is not None and identity.user_id == user_id:
            session.delete(identity)

    def _read(self, session: Session, row: ScimUser, user: User) -> UserRecord:
        cipher = self._keyring.cipher(session, row.tenant_id, _owner(user.id))
        kept = json.loads(cipher.open(_place(user.id), row.attributes))
        person = Person(user.name, row.external_id, user.deactivated_at is None, kept)
        return UserRecord(user.id, person, row.created_at, row.updated_at)

    def _record(
        self,
        session: Session,
        directory: Directory,
        action: str,
        user_id: str,
        details: Mapping[str, object],
    ) -> None:
        self._audit.record(
            session,
            directory.tenant_id,
            directory.actor,
            action,
            user_id,
            details=details,
            about=user_id,
        )


def _provisioned(directory: Directory) -> Select[ScimUser, User]:
    return (
        select(ScimUser, User)
        .join(User, User.id == ScimUser.user_id)
        .where(ScimUser.tenant_id == directory.tenant_id)
    )


def _found(session: Session, directory: Directory, user_id: str) -> tuple[ScimUser, User]:
    row = session.get(ScimUser, user_id)
    if row is None or row.tenant_id != directory.tenant_id:
        raise NotFound
    return row, session.get_one(User, user_id)


def _rule(condition: Comparison) -> ColumnElement[bool]:
    if condition.operator != "eq":
        raise InvalidFilter
    if condition.attribute == "active":
        try:
            active = boolean_of(condition.value)
        except InvalidValue as error:
            raise InvalidFilter from error
        return User.deactivated_at.is_(None) if active else User.deactivated_at.is_not(None)
    if not isinstance(condition.value, str):
        raise InvalidFilter
    if condition.attribute == "username":
        return func.lower(User.name) == condition.value.lower()
    if condition.attribute == "externalid":
        return ScimUser.external_id == condition.value
    if condition.attribute == "id":
        return User.id == condition.value
    raise InvalidFilter


def _free_name(session: Session, directory: Directory, person: Person, user_id: str | None) -> str:
    try:
        name = normal_name(person.user_name)
    except NameRefused as error:
        raise InvalidValue from error
    same = select(User.id).where(
        User.tenant_id == directory.tenant_id, func.lower(User.name) == name.lower()
    )
    with session.no_autoflush:
        if any(found != user_id for found in session.scalars(same)):
            raise NotUnique
    return name


def attributes_of(
    session: Session, keyring: KeyRing, tenant_id: str, user_id: str
) -> dict[str, Any]:
    """Return what a directory told of a person; nothing for whom it does not know."""
    row = session.get(ScimUser, user_id)
    if row is None or row.tenant_id != tenant_id:
        return {}
    cipher = keyring.cipher(session, tenant_id, _owner(user_id))
    attributes: dict[str, Any] = json.loads(cipher.open(_place(user_id), row.attributes))
    return attributes


def _owner(user_id: str) -> str:
    return f"scim:{user_id}"


def _place(user_id: str) -> Place:
    return Place("scim_users", user_id, "attributes")
