from typing import Any

import pytest
from sqlalchemy import func, select

from security.errors import DecryptionFailed
from security.keyring import KeyRing
from security.oidc.attempts import Attempt, Attempts
from security.oidc.settings import OidcSettings
from security.oidc.tables import SignInAttempt
from storage.database import Database

TENANT, PROVIDER, BROWSER = "default", "company", "the browser's secret"


@pytest.fixture
def attempts(keyring: KeyRing, clock: Any) -> Attempts:
    return Attempts(keyring, OidcSettings(sign_ins_open_max=3), clock)


def begin(database: Database, attempts: Attempts) -> Attempt:
    with database.transaction() as session:
        return attempts.begin(session, TENANT, PROVIDER, BROWSER, "/#/ask")


def take(database: Database, attempts: Attempts, state: str, **changed: str) -> Attempt | None:
    wanted = {"tenant_id": TENANT, "provider": PROVIDER, "browser": BROWSER, **changed}
    with database.transaction() as session:
        return attempts.take(session, state=state, **wanted)


def test_an_attempt_comes_back_whole_and_once(database: Database, attempts: Attempts) -> None:
    begun = begin(database, attempts)
    assert take(database, attempts, begun.state) == begun
    assert take(database, attempts, begun.state) is None
    assert begun.verifier not in repr(begun)


@pytest.mark.parametrize("changed", ["tenant_id", "provider", "browser"])
def test_a_wrong_guess_uses_it_up(database: Database, attempts: Attempts, changed: str) -> None:
    begun = begin(database, attempts)
    assert take(database, attempts, begun.state, **{changed: "another"}) is None
    assert take(database, attempts, begun.state) is None


def test_it_lasts_ten_minutes(database: Database, attempts: Attempts, clock: Any) -> None:
    early, late = begin(database, attempts), begin(database, attempts)
    clock.advance(seconds=599)
    assert take(database, attempts, early.state) is not None
    clock.advance(seconds=1)
    assert take(database, attempts, late.state) is None


def test_nothing_that_is_stored_ends_a_sign_in(database: Database, attempts: Attempts) -> None:
    begun = begin(database, attempts)
    with database.reading() as session:
        row = session.scalars(select(SignInAttempt)).one()
    stored = repr((row.id, row.browser_hash, row.sealed))
    for secret in (begun.state, begun.nonce, begun.verifier, BROWSER):
        assert secret not in stored


def test_what_is_sealed_opens_in_its_own_row_only(database: Database, attempts: Attempts) -> None:
    one, other = begin(database, attempts), begin(database, attempts)
    with database.transaction() as session:
        first, second = session.scalars(select(SignInAttempt)).all()
        first.sealed, second.sealed = second.sealed, first.sealed
    for begun in (one, other):
        with pytest.raises(DecryptionFailed):
            take(database, attempts, begun.state)


def test_the_oldest_makes_room(database: Database, attempts: Attempts, clock: Any) -> None:
    begun = []
    for _ in range(5):
        begun.append(begin(database, attempts))
        clock.advance(seconds=1)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 3
    assert [take(database, attempts, one.state) is not None for one in begun] == [
        False,
        False,
        True,
        True,
        True,
    ]
