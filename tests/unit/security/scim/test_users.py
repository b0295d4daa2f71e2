"""What a directory's changes do to the account behind them."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from security.access_tokens import AccessTokens
from security.accounts import principal_of
from security.audit import AuditLog
from security.errors import KeyDestroyed, LastOwner, NotFound, Unauthenticated
from security.grants import Grants
from security.group_changes import GroupChanges
from security.keyring import KeyRing
from security.principal import Principal, Role, Verb
from security.scim.errors import NotUnique
from security.scim.groups import ScimGroups
from security.scim.tables import ScimToken, ScimUser
from security.scim.tokens import Directory, ScimTokens
from security.scim.users import ScimUsers
from security.sessions import Sessions
from security.settings import ScimSettings
from security.tables import SERVICE, Identity, Tenant, User
from storage.database import Database

TENANT, ISSUER = "default", "https://login.example"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})
OUT = [{"op": "replace", "path": "active", "value": False}]
IN = [{"op": "replace", "path": "active", "value": True}]


@pytest.fixture
def users(keyring: KeyRing, audit: AuditLog, clock: Any) -> ScimUsers:
    return ScimUsers(keyring, audit, clock)


@pytest.fixture
def groups(audit: AuditLog, clock: Any) -> ScimGroups:
    return ScimGroups(GroupChanges(audit, clock), audit)


@pytest.fixture
def tokens(audit: AuditLog, clock: Any) -> ScimTokens:
    return ScimTokens(ScimSettings(tokens_max=2), audit, clock)


@pytest.fixture
def session(database: Database) -> Any:
    with database.transaction() as session:
        yield session


@pytest.fixture
def directory() -> Directory:
    return Directory(TENANT, "t", ISSUER)


def _add(users: ScimUsers, session: Session, directory: Directory, **resource: Any) -> str:
    return users.create(session, directory, {"userName": "ada", **resource}).id


@pytest.mark.parametrize("end", ["deactivate", "delete"])
def test_who_is_removed_is_out_at_the_next_request(
    session: Session,
    users: ScimUsers,
    directory: Directory,
    sessions: Sessions,
    access_tokens: AccessTokens,
    grants: Grants,
    end: str,
) -> None:
    user_id = _add(users, session, directory)
    grants.set(session, OPERATOR, user_id, None, Role.EDITOR)
    person = principal_of(session, user_id)
    cookie = sessions.start(session, person).secret
    token = access_tokens.create(session, person, "cli", [Verb.READ], 30).token
    assert sessions.authenticate(session, cookie).principal.user_id == user_id
    if end == "delete":
        users.delete(session, directory, user_id)
    else:
        users.patch(session, directory, user_id, OUT)
    session.expire_all()
    for attempt in (
        lambda: sessions.authenticate(session, cookie),
        lambda: access_tokens.authenticate(session, token),
        lambda: principal_of(session, user_id),
    ):
        with pytest.raises(Unauthenticated):
            attempt()
    if end == "deactivate":
        users.patch(session, directory, user_id, IN)
        assert principal_of(session, user_id).verbs() == Role.EDITOR.verbs
        with pytest.raises(Unauthenticated):
            sessions.authenticate(session, cookie)
        with pytest.raises(Unauthenticated):
            access_tokens.authenticate(session, token)


def test_the_subject_of_the_issuer_opens_the_account(
    session: Session, users: ScimUsers, directory: Directory
) -> None:
    user_id = _add(users, session, directory, externalId="s1")
    assert session.get_one(Identity, (TENANT, ISSUER, "s1")).user_id == user_id
    users.replace(session, directory, user_id, {"userName": "ada", "externalId": "s2"})
    assert session.get(Identity, (TENANT, ISSUER, "s1")) is None
    assert session.get_one(Identity, (TENANT, ISSUER, "s2")).user_id == user_id
    users.replace(session, directory, user_id, {"userName": "ada"})
    assert session.get(Identity, (TENANT, ISSUER, "s2")) is None


def test_without_an_issuer_nobody_s_identity_is_touched(session: Session, users: ScimUsers) -> None:
    _add(users, session, Directory(TENANT, "t", None), externalId="s1")
    assert session.scalars(select(Identity)).all() == []


def test_who_signed_in_before_keeps_their_account(
    session: Session, users: ScimUsers, directory: Directory, clock: Any
) -> None:
    session.add(User(id="u1", tenant_id=TENANT, name="Ada L", created_at=clock()))
    session.flush()
    _identify(session, "u1", "s1", clock)
    assert _add(users, session, directory, userName="ada", externalId="s1") == "u1"
    assert session.get_one(User, "u1").name == "ada"
    with pytest.raises(NotUnique):
        _add(users, session, directory, userName="other", externalId="s1")


def test_a_program_s_identity_is_nobody_s(
    session: Session, users: ScimUsers, directory: Directory, clock: Any
) -> None:
    session.add(User(id="p", tenant_id=TENANT, name="job", kind=SERVICE, created_at=clock()))
    session.flush()
    _identify(session, "p", "s1", clock)
    with pytest.raises(NotUnique):
        _add(users, session, directory, externalId="s1")
    user_id = _add(users, session, directory, userName="bob")
    with pytest.raises(NotUnique):
        users.replace(session, directory, user_id, {"userName": "bob", "externalId": "s1"})


def test_the_last_owner_stays(
    session: Session, users: ScimUsers, directory: Directory, grants: Grants
) -> None:
    user_id = _add(users, session, directory)
    grants.set(session, OPERATOR, user_id, None, Role.OWNER)
    with pytest.raises(LastOwner):
        users.delete(session, directory, user_id)
    with pytest.raises(LastOwner):
        users.patch(session, directory, user_id, OUT)


def test_another_tenant_s_people_and_groups_do_not_exist(
    session: Session,
    users: ScimUsers,
    groups: ScimGroups,
    directory: Directory,
    keyring: KeyRing,
    clock: Any,
) -> None:
    session.add(Tenant(id="other", name="Other", created_at=clock()))
    keyring.create_tenant(session, "other")
    user_id = _add(users, session, directory)
    group_id = groups.create(session, directory, {"displayName": "Staff"}).id
    theirs = Directory("other", "t", ISSUER)
    assert users.page(session, theirs, None, 1, 10).total == 0
    assert groups.page(session, theirs, None, 1, 10).total == 0
    for attempt in (
        lambda: users.get(session, theirs, user_id),
        lambda: users.delete(session, theirs, user_id),
        lambda: groups.get(session, theirs, group_id),
        lambda: groups.delete(session, theirs, group_id),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_what_is_kept_of_a_person_is_sealed_and_ends_with_them(
    session: Session, users: ScimUsers, directory: Directory, keyring: KeyRing
) -> None:
    user_id = _add(users, session, directory, displayName="Countess of Lovelace")
    row = session.get_one(ScimUser, user_id)
    assert b"Lovelace" not in row.attributes
    users.delete(session, directory, user_id)
    with pytest.raises(KeyDestroyed):
        keyring.cipher(session, TENANT, f"scim:{user_id}")


def test_members_of_a_group_hold_its_roles(
    session: Session,
    users: ScimUsers,
    groups: ScimGroups,
    directory: Directory,
    grants: Grants,
) -> None:
    user_id = _add(users, session, directory)
    group = groups.create(session, directory, {"displayName": "Staff"})
    grants.set_group(session, OPERATOR, group.id, None, Role.READER)
    assert not principal_of(session, user_id).verbs()
    join = [{"op": "add", "path": "members", "value": [{"value": user_id}]}]
    groups.patch(session, directory, group.id, join)
    assert principal_of(session, user_id).verbs() == Role.READER.verbs
    groups.patch(session, directory, group.id, [{"op": "remove", "path": "members"}])
    assert not principal_of(session, user_id).verbs()


def test_every_change_is_on_record_with_the_directory_as_its_actor(
    session: Session,
    users: ScimUsers,
    groups: ScimGroups,
    directory: Directory,
    audit: AuditLog,
) -> None:
    user_id = _add(users, session, directory)
    users.patch(session, directory, user_id, OUT)
    group = {"displayName": "Staff", "members": [{"value": user_id}]}
    group_id = groups.create(session, directory, group).id
    renamed = {"displayName": "Everyone", "externalId": "g"}
    groups.replace(session, directory, group_id, renamed)
    groups.delete(session, directory, group_id)
    users.delete(session, directory, user_id)
    entries = audit.entries(session, OPERATOR)
    assert [entry.action for entry in reversed(entries)] == [
        "user.create",
        "user.update",
        "group.create",
        "group.add_member",
        "group.rename",
        "group.link",
        "group.remove_member",
        "group.delete",
        "user.delete",
    ]
    assert {entry.actor for entry in entries} == {"scim:t"}


def test_a_token_ends_with_its_day_and_is_kept_as_a_hash(
    session: Session, tokens: ScimTokens, clock: Any
) -> None:
    issued = tokens.create(session, OPERATOR, "Entra", 1, ISSUER)
    assert issued.token not in repr(issued)
    assert issued.token.encode() not in session.get_one(ScimToken, issued.info.id).secret_hash
    assert tokens.authenticate(session, issued.token).issuer == ISSUER
    clock.advance(days=1)
    for token in (issued.token, issued.token[:-1], "", "sbk_x", "\ud800"):
        with pytest.raises(Unauthenticated):
            tokens.authenticate(session, token)


def _identify(session: Session, user_id: str, subject: str, clock: Any) -> None:
    identity = Identity(
        tenant_id=TENANT, issuer=ISSUER, subject=subject, user_id=user_id, created_at=clock()
    )
    session.add(identity)
    session.flush()
