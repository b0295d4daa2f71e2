"""Invariant 5 for programs: a token does what its account may now, and of that what was asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from security.audit import AuditLog
from security.errors import NotFound, Unauthenticated
from security.grants import Grants
from security.keyring import KeyRing
from security.keys import FileKeyProvider
from security.oauth.issued_tokens import IssuedTokens, Issuer
from security.oauth.service_accounts import NewServiceAccount, ServiceAccounts
from security.oauth.signing_keys import SigningKeys
from security.oauth.tables import ServiceAccount
from security.principal import Principal, Role, Verb
from security.settings import ServiceAccountSettings
from security.tables import Tenant
from storage.database import Base, Database

TENANT = "default"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})
PLACES = [None, "c1", "c2"]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
roles = st.none() | st.sampled_from(Role)
scopes = st.frozensets(st.sampled_from(Verb))
changes = st.lists(st.tuples(st.sampled_from(PLACES), roles), max_size=5)


@dataclass(frozen=True, slots=True)
class World:
    """One tenant, its programs, and what changes their roles."""

    database: Database
    grants: Grants
    accounts: ServiceAccounts
    tokens: IssuedTokens

    def create(self, role: Role | None) -> str:
        new = NewServiceAccount(f"job {uuid4().hex}", role, 30)
        with self.database.transaction() as session:
            return self.accounts.create(session, OPERATOR, new).info.id

    def issue(self, account: str, limits: frozenset[Verb]) -> str:
        with self.database.transaction() as session:
            return self.tokens.issue(session, session.get_one(ServiceAccount, account), limits)

    def change(self, account: str, place: str | None, role: Role | None) -> None:
        with self.database.transaction() as session:
            if role:
                self.grants.set(session, OPERATOR, account, place, role)
            else:
                self.grants.remove(session, OPERATOR, account, place)

    def verbs(self, token: str) -> list[frozenset[Verb]]:
        """Return what the next request with the token may do at each of the places."""
        with self.database.reading() as session:
            principal = self.tokens.authenticate(session, token)
            return [principal.verbs(place) for place in PLACES]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("programs")
    database = Database(f"sqlite:///{folder / 'rows.db'}")
    Base.metadata.create_all(database.engine)
    keys = KeyRing(FileKeyProvider.create(folder / "kek"), lambda: NOW)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name="Default", created_at=NOW))
        keys.create_tenant(session, TENANT)
    audit, chosen = AuditLog(keys, lambda: NOW), ServiceAccountSettings()
    signing = SigningKeys(chosen, keys, audit, lambda: NOW)
    grants = Grants(audit, lambda: NOW)
    accounts = ServiceAccounts(chosen, grants, audit, lambda: NOW)
    issuer = Issuer(TENANT, "https://books.example")
    yield World(database, grants, accounts, IssuedTokens(issuer, chosen, signing, lambda: NOW))
    database.close()


def _expected(held: dict[str | None, Role], asked: frozenset[Verb]) -> list[frozenset[Verb]]:
    """Say with plain sets what a token may do at each place."""
    return [
        asked & frozenset().union(*(held[at].verbs for at in {None, place} if at in held))
        for place in PLACES
    ]


@given(roles, scopes, changes)
@settings(max_examples=30, deadline=None)
def test_a_program_s_token_never_exceeds_its_account_nor_what_was_asked(
    world: World,
    first: Role | None,
    asked: frozenset[Verb],
    later: list[tuple[str | None, Role | None]],
) -> None:
    account = world.create(first)
    held = {None: first} if first else {}
    token = world.issue(account, asked)
    assert world.verbs(token) == _expected(held, asked)
    for place, role in [*later, *((place, None) for place in PLACES)]:
        if role is None and place not in held:
            with pytest.raises(NotFound):
                world.change(account, place, role)
            continue
        world.change(account, place, role)
        held.pop(place, None)
        if role:
            held[place] = role
        assert world.verbs(token) == _expected(held, asked)
    assert not any(world.verbs(token))


@given(roles, scopes)
@settings(max_examples=5, deadline=None)
def test_a_token_ends_with_its_account_and_with_its_secret(
    world: World, role: Role | None, asked: frozenset[Verb]
) -> None:
    for end in (world.accounts.rotate_secret, world.accounts.delete):
        account = world.create(role)
        token = world.issue(account, asked)
        with world.database.transaction() as session:
            end(session, OPERATOR, account)
        with pytest.raises(Unauthenticated):
            world.verbs(token)
