from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from security.access_tokens import AccessTokens
from security.accounts import Accounts, principal_of
from security.audit import AuditLog
from security.epochs import permission_epoch
from security.errors import (
    Conflict,
    Forbidden,
    InvalidCredentials,
    LastOwner,
    NameRefused,
    NameTaken,
    NotFound,
    PasswordRefused,
    Unauthenticated,
)
from security.grants import Grants, Member
from security.keyring import KeyRing
from security.principal import Principal, Role, Verb
from security.sessions import Sessions
from security.sign_in import SignIn
from security.tables import AccessToken, BrowserSession, Grant, Tenant, User
from storage.database import Database

TENANT, PASSWORD = "default", "correct horse battery"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})
Add = Callable[..., Principal]


@pytest.fixture
def add(database: Database, accounts: Accounts) -> Add:
    def add(name: str, role: Role | None = None) -> Principal:
        with database.transaction() as session:
            account = accounts.create_user(session, OPERATOR, name, PASSWORD, role)
            return principal_of(session, account.id)

    return add


def fresh(database: Database, principal: Principal) -> Principal:
    with database.reading() as session:
        return principal_of(session, principal.user_id)


def test_users_are_listed_by_name_with_their_tenant_wide_role(
    database: Database, accounts: Accounts, grants: Grants, add: Add
) -> None:
    ada, bob = add("Ada", Role.OWNER), add("Bob")
    with database.transaction() as session:
        grants.claim(session, bob, "c1")
    with database.reading() as session:
        users = accounts.users(session, ada)
    assert [(user.id, user.name, user.role) for user in users] == [
        (ada.user_id, "Ada", Role.OWNER),
        (bob.user_id, "Bob", None),
    ]


@pytest.mark.parametrize("name", ["", " ada", "ada ", "a\nb", "a\x00b", "a\u200bb", "x" * 201])
def test_odd_names_are_refused(database: Database, accounts: Accounts, name: str) -> None:
    with pytest.raises(NameRefused), database.transaction() as session:
        accounts.create_user(session, OPERATOR, name, PASSWORD, None)


def test_a_name_is_taken_once_also_when_written_otherwise(
    database: Database, accounts: Accounts, add: Add
) -> None:
    add("张伟 Ada")
    with pytest.raises(NameTaken), database.transaction() as session:
        accounts.create_user(session, OPERATOR, "张伟 Ａda", PASSWORD, None)


def test_a_weak_password_makes_no_user(database: Database, accounts: Accounts) -> None:
    with pytest.raises(PasswordRefused), database.transaction() as session:
        accounts.create_user(session, OPERATOR, "Ada", "short", None)
    with database.reading() as session:
        assert accounts.users(session, OPERATOR) == []


def test_only_tenant_owners_administer(database: Database, accounts: Accounts, add: Add) -> None:
    ada = add("Ada", Role.OWNER)
    for principal in (
        add("Ed", Role.EDITOR),
        add("Bob"),
        Principal(TENANT, "x", "x", {"c": Role.OWNER}),
    ):
        with database.reading() as session:
            for attempt in (
                accounts.users,
                lambda s, p: accounts.create_user(s, p, "New", PASSWORD, None),
                lambda s, p: accounts.delete_user(s, p, ada.user_id),
                lambda s, p: accounts.set_password(s, p, ada.user_id, PASSWORD),
            ):
                with pytest.raises(Forbidden):
                    attempt(session, principal)


def test_a_limited_token_cannot_make_someone_who_may_more(
    database: Database, accounts: Accounts, grants: Grants, add: Add
) -> None:
    ada, bob = add("Ada", Role.OWNER), add("Bob")
    token = Principal(TENANT, ada.user_id, "Ada", ada.grants, frozenset({Verb.ADMINISTER}))
    with database.reading() as session:
        with pytest.raises(Forbidden):
            accounts.create_user(session, token, "New", PASSWORD, Role.OWNER)
        with pytest.raises(Forbidden):
            grants.set(session, token, bob.user_id, None, Role.READER)
        with pytest.raises(Forbidden):
            accounts.set_password(session, token, bob.user_id, PASSWORD)
        assert accounts.create_user(session, token, "New", PASSWORD, None).role is None


def test_deleting_a_user_takes_grants_sessions_and_tokens_along(
    *,
    database: Database,
    accounts: Accounts,
    grants: Grants,
    sessions: Sessions,
    access_tokens: AccessTokens,
    add: Add,
) -> None:
    bob = add("Bob", Role.EDITOR)
    with database.transaction() as session:
        grants.claim(session, bob, "c1")
        secret = sessions.start(session, bob).secret
        token = access_tokens.create(session, bob, "cli", [Verb.READ], 1).token
    with database.transaction() as session:
        accounts.delete_user(session, OPERATOR, bob.user_id)
    with database.reading() as session:
        for table in (User, Grant, BrowserSession, AccessToken):
            assert session.scalars(select(table)).all() == []
        with pytest.raises(Unauthenticated):
            sessions.authenticate(session, secret)
        with pytest.raises(Unauthenticated):
            access_tokens.authenticate(session, token)
        with pytest.raises(Unauthenticated):
            principal_of(session, bob.user_id)


def test_the_last_owner_stays(
    database: Database, accounts: Accounts, grants: Grants, add: Add
) -> None:
    ada = add("Ada", Role.OWNER)
    with database.reading() as session:
        for attempt in (
            lambda: accounts.delete_user(session, ada, ada.user_id),
            lambda: grants.remove(session, ada, ada.user_id, None),
            lambda: grants.set(session, ada, ada.user_id, None, Role.EDITOR),
        ):
            with pytest.raises(LastOwner):
                attempt()
        grants.set(session, ada, ada.user_id, None, Role.OWNER)
    bob = add("Bob", Role.OWNER)
    with database.transaction() as session:
        accounts.delete_user(session, bob, ada.user_id)


def test_a_new_password_from_an_administrator_ends_the_users_sessions(
    database: Database, accounts: Accounts, sessions: Sessions, add: Add
) -> None:
    bob = add("Bob")
    with database.transaction() as session:
        secret = sessions.start(session, bob).secret
        accounts.set_password(session, OPERATOR, bob.user_id, PASSWORD + "!")
        with pytest.raises(Unauthenticated):
            sessions.authenticate(session, secret)


def test_users_of_another_tenant_do_not_exist(
    database: Database, accounts: Accounts, grants: Grants, keyring: KeyRing, add: Add
) -> None:
    bob = add("Bob")
    with database.transaction() as session:
        session.add(Tenant(id="other", name="Other", created_at=keyring._clock()))
        keyring.create_tenant(session, "other")
    foreign = Principal("other", "operator", "operator", {None: Role.OWNER})
    with database.reading() as session:
        assert accounts.users(session, foreign) == []
        for user_id in (bob.user_id, "missing"):
            with pytest.raises(NotFound):
                accounts.delete_user(session, foreign, user_id)
            with pytest.raises(NotFound):
                grants.set(session, foreign, user_id, None, Role.READER)
            with pytest.raises(NotFound):
                grants.remove(session, foreign, user_id, None)


def test_roles_on_a_collection_are_given_changed_listed_and_taken(
    database: Database, grants: Grants, add: Add
) -> None:
    ada, bob = add("Ada"), add("Bob")
    with database.transaction() as session:
        grants.claim(session, ada, "c1")
    ada = fresh(database, ada)
    with database.transaction() as session:
        grants.set(session, ada, bob.user_id, "c1", Role.READER)
        grants.set(session, ada, bob.user_id, "c1", Role.EDITOR)
        assert grants.members(session, ada, "c1") == [
            Member(ada.user_id, "Ada", Role.OWNER),
            Member(bob.user_id, "Bob", Role.EDITOR),
        ]
    assert fresh(database, bob).may(Verb.UPLOAD, "c1")
    assert not fresh(database, bob).may(Verb.READ, "c2")
    with database.transaction() as session:
        grants.remove(session, ada, bob.user_id, "c1")
        with pytest.raises(NotFound):
            grants.remove(session, ada, bob.user_id, "c1")
    assert not fresh(database, bob).may(Verb.READ, "c1")


def test_who_may_not_see_a_collection_is_told_that_there_is_none(
    database: Database, grants: Grants, add: Add
) -> None:
    ada, eve = add("Ada"), add("Eve")
    reader = Principal(TENANT, eve.user_id, "Eve", {"c1": Role.READER})
    with database.reading() as session:
        for principal, refusal in ((eve, NotFound), (reader, Forbidden)):
            with pytest.raises(refusal):
                grants.members(session, principal, "c1")
            with pytest.raises(refusal):
                grants.set(session, principal, ada.user_id, "c1", Role.READER)
            with pytest.raises(refusal):
                grants.remove(session, principal, ada.user_id, "c1")


def test_a_collection_is_claimed_once_and_forgotten_whole(
    database: Database, grants: Grants, add: Add
) -> None:
    ada, bob = add("Ada"), add("Bob")
    with database.transaction() as session:
        grants.claim(session, ada, "c1")
        with pytest.raises(Conflict):
            grants.claim(session, bob, "c1")
        grants.claim(session, bob, "c2")
        grants.forget(session, TENANT, "c1")
    assert not fresh(database, ada).grants
    assert fresh(database, bob).grants == {"c2": Role.OWNER}


def test_each_change_leaves_exactly_one_entry(
    database: Database, accounts: Accounts, grants: Grants, audit: AuditLog, add: Add
) -> None:
    bob = add("Bob", Role.READER)
    with database.transaction() as session:
        grants.set(session, OPERATOR, bob.user_id, None, Role.EDITOR)
        grants.remove(session, OPERATOR, bob.user_id, None)
        accounts.set_password(session, OPERATOR, bob.user_id, PASSWORD + "!")
        accounts.delete_user(session, OPERATOR, bob.user_id)
        entries = audit.entries(session, OPERATOR)
    assert [(entry.action, entry.actor, entry.target) for entry in reversed(entries)] == [
        (action, "operator", bob.user_id)
        for action in (
            "user.create",
            "grant.set",
            "grant.remove",
            "user.set_password",
            "user.delete",
        )
    ]
    assert entries[-1].details == {"name": "Bob", "role": "reader"}
    assert PASSWORD not in repr(entries)


def test_each_change_of_a_role_moves_the_permission_epoch(
    database: Database, grants: Grants, add: Add
) -> None:
    bob = add("Bob", Role.READER)
    with database.transaction() as session:
        epochs = [permission_epoch(session, TENANT)]
        grants.set(session, OPERATOR, bob.user_id, None, Role.EDITOR)
        epochs.append(permission_epoch(session, TENANT))
        grants.remove(session, OPERATOR, bob.user_id, None)
        epochs.append(permission_epoch(session, TENANT))
    assert epochs == list(range(epochs[0], epochs[0] + 3))


def test_a_deactivated_account_is_nobody_and_no_owner(
    database: Database, accounts: Accounts, grants: Grants, clock: Any
) -> None:
    with database.transaction() as session:
        first = accounts.create_user(session, OPERATOR, "First", "correct horse", Role.OWNER)
        second = accounts.create_user(session, OPERATOR, "Second", "correct horse", Role.OWNER)
        session.get_one(User, second.id).deactivated_at = clock()
        session.flush()
        with pytest.raises(Unauthenticated):
            principal_of(session, second.id)
        with pytest.raises(LastOwner):
            grants.remove(session, OPERATOR, first.id, None)


def test_a_deactivated_account_cannot_sign_in(
    database: Database, accounts: Accounts, sign_in: SignIn, clock: Any
) -> None:
    with database.transaction() as session:
        account = accounts.create_user(session, OPERATOR, "Ada", "correct horse", None)
        session.get_one(User, account.id).deactivated_at = clock()
    with pytest.raises(InvalidCredentials):
        sign_in.sign_in(TENANT, "Ada", "correct horse", "192.0.2.1")


def test_the_list_tells_who_has_no_password_to_forget(
    database: Database, accounts: Accounts, clock: Any
) -> None:
    with database.transaction() as session:
        accounts.create_user(session, OPERATOR, "ada", PASSWORD, Role.OWNER)
        session.add(User(id="g", tenant_id=TENANT, name="grace", created_at=clock()))
        session.flush()
        listed = accounts.users(session, OPERATOR)
    assert {user.name: user.has_password for user in listed} == {"ada": True, "grace": False}
