from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from sqlalchemy import select

from security.accounts import Accounts, principal_of
from security.audit import AuditLog
from security.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LastOwner,
    NameTaken,
    NotFound,
)
from security.grants import Grants
from security.oauth.public_keys import checked_public_jwk
from security.oauth.service_accounts import ExternalIdentity, NewServiceAccount, ServiceAccounts
from security.oauth.tables import ServiceAccount
from security.principal import Principal, Role, Verb
from security.settings import ServiceAccountSettings
from security.tables import Identity, User
from storage.database import Database

TENANT = "default"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})


def test_an_account_has_a_secret_that_is_kept_as_a_hash(
    database: Database, service_accounts: ServiceAccounts, create: Any
) -> None:
    issued = create(Role.READER)
    assert issued.secret.startswith("sbs_")
    assert issued.secret not in repr(issued)
    with database.reading() as session:
        assert service_accounts.accounts(session, OPERATOR) == [issued.info]
        row = session.get_one(ServiceAccount, issued.info.id)
        assert issued.secret.encode() not in row.secret_hash
        principal = principal_of(session, issued.info.id)
    assert principal.verbs() == Role.READER.verbs
    assert (issued.info.role, issued.info.credential) == (Role.READER, "secret")


def test_an_account_is_no_person(database: Database, accounts: Accounts, create: Any) -> None:
    issued = create(Role.OWNER)
    with database.transaction() as session:
        assert accounts.users(session, OPERATOR) == []
        with pytest.raises(NotFound):
            accounts.set_password(session, OPERATOR, issued.info.id, "correct horse")
        with pytest.raises(NotFound):
            accounts.delete_user(session, OPERATOR, issued.info.id)
        assert session.get_one(User, issued.info.id).password_hash is None


def test_an_account_is_no_owner_who_could_sign_in(
    database: Database, accounts: Accounts, grants: Grants, create: Any
) -> None:
    create(Role.OWNER)
    with database.transaction() as session:
        owner = accounts.create_user(session, OPERATOR, "Ada", "correct horse", Role.OWNER)
        with pytest.raises(LastOwner):
            grants.remove(session, OPERATOR, owner.id, None)


@pytest.mark.parametrize("scopes", [frozenset(Verb), frozenset()])
def test_only_an_administrator_in_person_makes_credentials(
    database: Database, service_accounts: ServiceAccounts, create: Any, scopes: Any
) -> None:
    account_id = create().info.id
    for caller in (
        Principal(TENANT, "o", "o", {None: Role.OWNER}, scopes),
        Principal(TENANT, "e", "e", {None: Role.EDITOR}),
    ):
        with database.transaction() as session:
            with pytest.raises(Forbidden):
                service_accounts.create(session, caller, NewServiceAccount("x", None, 1))
            with pytest.raises(Forbidden):
                service_accounts.rotate_secret(session, caller, account_id)
            with pytest.raises(Forbidden):
                service_accounts.set_key(session, caller, account_id, {})
            with pytest.raises(Forbidden):
                service_accounts.delete(session, caller, account_id)


def test_nobody_hands_out_more_than_they_hold(
    database: Database, service_accounts: ServiceAccounts
) -> None:
    caller = Principal(TENANT, "x", "x", {"c1": Role.OWNER})
    with database.transaction() as session, pytest.raises(Forbidden):
        service_accounts.create(session, caller, NewServiceAccount("x", Role.READER, 1))


def test_another_tenant_s_accounts_do_not_exist(
    database: Database, service_accounts: ServiceAccounts, create: Any, other_tenant: Principal
) -> None:
    issued = create()
    with database.transaction() as session:
        assert service_accounts.accounts(session, other_tenant) == []
        for account_id in (issued.info.id, "missing"):
            with pytest.raises(NotFound):
                service_accounts.rotate_secret(session, other_tenant, account_id)
            with pytest.raises(NotFound):
                service_accounts.delete(session, other_tenant, account_id)


@pytest.mark.parametrize("days", [0, -1, 731])
def test_a_lifetime_is_checked(
    database: Database, service_accounts: ServiceAccounts, days: int
) -> None:
    with database.transaction() as session, pytest.raises(InvalidInput, match="1 to 730 days"):
        service_accounts.create(session, OPERATOR, NewServiceAccount("x", None, days))


def test_names_are_unique_among_people_and_programs(
    database: Database, accounts: Accounts, service_accounts: ServiceAccounts
) -> None:
    with database.transaction() as session:
        accounts.create_user(session, OPERATOR, "Ada", "correct horse", None)
        with pytest.raises(NameTaken):
            service_accounts.create(session, OPERATOR, NewServiceAccount("Ada", None, 1))


def test_the_number_is_bounded(
    database: Database, grants: Grants, audit: AuditLog, clock: Any
) -> None:
    few = ServiceAccounts(ServiceAccountSettings(per_tenant_max=1), grants, audit, clock)
    with database.transaction() as session:
        few.create(session, OPERATOR, NewServiceAccount("a", None, 1))
        with pytest.raises(Conflict, match="Delete one"):
            few.create(session, OPERATOR, NewServiceAccount("b", None, 1))


def test_an_identity_at_a_provider_belongs_to_one_account(
    database: Database, service_accounts: ServiceAccounts, create: Any
) -> None:
    identity = ExternalIdentity("https://login.example", "batch")
    issued = create(identity=identity)
    assert (issued.secret, issued.info.credential) == (None, "provider")
    with database.transaction() as session:
        linked = session.get_one(Identity, (TENANT, identity.issuer, identity.subject))
        assert linked.user_id == issued.info.id
        with pytest.raises(Conflict, match="provider"):
            service_accounts.rotate_secret(session, OPERATOR, issued.info.id)
        with pytest.raises(Conflict, match="another account"):
            wanted = NewServiceAccount("x", None, 1, identity=identity)
            service_accounts.create(session, OPERATOR, wanted)


def test_every_change_is_on_record_without_the_secret(
    database: Database,
    service_accounts: ServiceAccounts,
    audit: AuditLog,
    create: Any,
    pair: ECKey,
) -> None:
    issued = create(Role.READER)
    with database.transaction() as session:
        secret = service_accounts.rotate_secret(session, OPERATOR, issued.info.id)
        jwk = pair.as_dict(private=False)
        service_accounts.set_key(session, OPERATOR, issued.info.id, jwk)
        service_accounts.delete(session, OPERATOR, issued.info.id)
        entries = audit.entries(session, OPERATOR)
        assert session.scalars(select(ServiceAccount)).all() == []
    assert [entry.action for entry in reversed(entries)] == [
        "service_account.create",
        "grant.set",
        "service_account.rotate_secret",
        "service_account.set_key",
        "service_account.delete",
    ]
    assert issued.secret not in repr(entries)
    assert secret not in repr(entries)


@pytest.mark.parametrize(
    "key",
    [
        ECKey.generate_key("P-256"),
        ECKey.generate_key("P-384"),
        OKPKey.generate_key("Ed25519"),
        RSAKey.generate_key(2048),
    ],
    ids=lambda key: str(key.key_type),
)
def test_public_keys_of_programs_are_taken_without_their_trimmings(key: Any) -> None:
    public = key.as_dict(private=False)
    stored = checked_public_jwk({**public, "use": "sig", "kid": "mine"})
    assert not {"kid", "use", "d"} & set(stored)
    assert stored.items() <= public.items()


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        OctKey.generate_key(256).as_dict(),
        ECKey.generate_key("P-256").as_dict(private=True),
        ECKey.generate_key("secp256k1").as_dict(private=False),
        {"kty": "RSA", "n": "gA" + "A" * 167 + "AQ", "e": "AQAB"},  # 1024 bits
        OKPKey.generate_key("X25519").as_dict(private=False),
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
        {"kty": "RSA", "n": "!", "e": "AQAB"},
        {"kty": "EC"},
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_other_keys_are_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="public key"):
        checked_public_jwk(jwk)
