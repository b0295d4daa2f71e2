from typing import Any

import pytest
from sqlalchemy import delete, select

from security.access_tokens import AccessTokens, is_well_formed
from security.accounts import Accounts, principal_of
from security.audit import AuditLog
from security.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from security.grants import Grants
from security.principal import Principal, Role, Verb
from security.settings import AccessTokenSettings
from security.tables import AccessToken
from storage.database import Database

TENANT = "default"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})


@pytest.fixture
def ada(database: Database, accounts: Accounts) -> Principal:
    with database.transaction() as session:
        account = accounts.create_user(session, OPERATOR, "Ada", "correct horse", Role.EDITOR)
        return principal_of(session, account.id)


def test_a_token_stands_for_its_owner_within_its_scopes(
    database: Database, access_tokens: AccessTokens, ada: Principal
) -> None:
    with database.transaction() as session:
        issued = access_tokens.create(session, ada, "cli", [Verb.READ, Verb.AUDIT], 30)
    assert issued.token.startswith("sbk_")
    assert is_well_formed(issued.token)
    assert issued.token not in repr(issued)
    with database.reading() as session:
        principal = access_tokens.authenticate(session, issued.token)
        row = session.scalars(select(AccessToken)).one()
        assert access_tokens.tokens(session, ada) == [issued.info]
    assert principal.user_id == ada.user_id
    assert principal.verbs() == {Verb.READ}
    assert issued.token.encode() not in row.secret_hash


def test_a_right_that_the_owner_loses_is_lost_at_once(
    database: Database, access_tokens: AccessTokens, grants: Grants, ada: Principal
) -> None:
    with database.transaction() as session:
        issued = access_tokens.create(session, ada, "cli", [Verb.READ, Verb.UPLOAD], 30)
        grants.set(session, OPERATOR, ada.user_id, None, Role.READER)
        assert access_tokens.authenticate(session, issued.token).verbs() == {Verb.READ}
        grants.remove(session, OPERATOR, ada.user_id, None)
        assert not access_tokens.authenticate(session, issued.token).verbs()


def test_expired_revoked_unknown_and_malformed_look_the_same(
    database: Database, access_tokens: AccessTokens, clock: Any, ada: Principal
) -> None:
    with database.transaction() as session:
        expired = access_tokens.create(session, ada, "a", [Verb.READ], 1).token
        clock.advance(days=1)
        revoked = access_tokens.create(session, ada, "b", [Verb.READ], 1)
        access_tokens.revoke(session, ada, revoked.info.id)
        deleted = access_tokens.create(session, ada, "c", [Verb.READ], 1)
        unknown = deleted.token
        session.execute(delete(AccessToken).where(AccessToken.id == deleted.info.id))
        answers = set()
        for token in (expired, revoked.token, unknown, unknown[:-1], "", "sbk_", "ключ", "\ud800"):
            with pytest.raises(Unauthenticated) as refused:
                access_tokens.authenticate(session, token)
            answers.add((type(refused.value), str(refused.value)))
    assert len(answers) == 1


def test_one_changed_character_breaks_the_checksum(
    database: Database, access_tokens: AccessTokens, ada: Principal
) -> None:
    with database.transaction() as session:
        token = access_tokens.create(session, ada, "cli", [Verb.READ], 1).token
    for at in range(len(token)):
        assert not is_well_formed(token[:at] + ("y" if token[at] == "x" else "x") + token[at + 1 :])


@pytest.mark.parametrize(
    ("scopes", "days"), [([], 1), (["read"], 0), (["read"], 366), (["read"], -1)]
)
def test_scopes_and_lifetime_are_checked(
    database: Database,
    access_tokens: AccessTokens,
    ada: Principal,
    scopes: list[str],
    days: int,
) -> None:
    with database.reading() as session, pytest.raises(InvalidInput, match="1 to 365 days"):
        access_tokens.create(session, ada, "cli", map(Verb, scopes), days)


def test_a_token_makes_no_tokens(
    database: Database, access_tokens: AccessTokens, ada: Principal
) -> None:
    with database.transaction() as session:
        issued = access_tokens.create(session, ada, "cli", Verb, 1)
        with pytest.raises(Forbidden):
            access_tokens.create(
                session, access_tokens.authenticate(session, issued.token), "x", [Verb.READ], 365
            )


def test_others_tokens_do_not_exist(
    database: Database, access_tokens: AccessTokens, accounts: Accounts, ada: Principal
) -> None:
    with database.transaction() as session:
        issued = access_tokens.create(session, ada, "cli", [Verb.READ], 1)
        bob = principal_of(
            session, accounts.create_user(session, OPERATOR, "Bob", "correct horse", None).id
        )
        assert access_tokens.tokens(session, bob) == []
        for token_id in (issued.info.id, "missing"):
            with pytest.raises(NotFound):
                access_tokens.revoke(session, bob, token_id)


def test_the_number_of_tokens_is_bounded(
    database: Database, audit: AuditLog, clock: Any, ada: Principal
) -> None:
    tokens = AccessTokens(AccessTokenSettings(per_user_max=2), audit, clock)
    with database.transaction() as session:
        for _ in range(2):
            tokens.create(session, ada, "cli", [Verb.READ], 1)
        with pytest.raises(Conflict, match="Revoke"):
            tokens.create(session, ada, "cli", [Verb.READ], 1)


def test_issuing_and_revoking_are_on_record_without_the_secret(
    database: Database, access_tokens: AccessTokens, audit: AuditLog, ada: Principal
) -> None:
    with database.transaction() as session:
        issued = access_tokens.create(session, ada, "cli", [Verb.READ], 1)
        access_tokens.revoke(session, ada, issued.info.id)
        entries = audit.entries(session, OPERATOR, limit=2)
    assert [entry.action for entry in entries] == ["token.revoke", "token.create"]
    assert entries[1].details == {"name": "cli", "scopes": ["read"]}
    assert issued.token not in repr(entries)
