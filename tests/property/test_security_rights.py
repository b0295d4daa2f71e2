"""Invariant 5: rights are monotone; whatever happens, a token never exceeds its owner."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from security.access_tokens import AccessTokens, IssuedToken
from security.accounts import Accounts, principal_of
from security.audit import AuditLog
from security.errors import Forbidden, LastOwner, NotFound, Unauthenticated
from security.grants import Grants
from security.keyring import KeyRing
from security.keys import FileKeyProvider
from security.passwords import Passwords
from security.principal import Principal, Role, Verb
from security.settings import AccessTokenSettings, PasswordSettings
from security.tables import Tenant
from storage.database import Base, Database

TENANT = "default"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})
COLLECTIONS = ["c1", "c2"]
PLACES = [None, *COLLECTIONS]
scopes = st.frozensets(st.sampled_from(Verb))
grants_of = st.dictionaries(st.sampled_from(PLACES), st.sampled_from(Role))


@given(grants_of, scopes, st.sampled_from(PLACES))
def test_scopes_only_ever_take_away(
    grants: dict[str | None, Role], limits: frozenset[Verb], place: str | None
) -> None:
    owner = Principal(TENANT, "u", "n", grants)
    token = Principal(TENANT, "u", "n", grants, limits)
    assert token.verbs(place) == owner.verbs(place) & limits


@given(grants_of, st.sampled_from(PLACES), st.sampled_from(PLACES))
def test_losing_a_role_never_adds_a_right(
    grants: dict[str | None, Role], lost: str | None, place: str | None
) -> None:
    fewer = {at: role for at, role in grants.items() if at != lost}
    before, after = Principal(TENANT, "u", "n", grants), Principal(TENANT, "u", "n", fewer)
    assert after.verbs(place) <= before.verbs(place)


class Rights(RuleBasedStateMachine):
    """People get and lose roles and issue tokens in any order, against an oracle of plain sets."""

    users = Bundle("users")
    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.now = datetime(2026, 11, 22, tzinfo=UTC)
        self.database = Database(f"sqlite:///{folder / 'rights.db'}")
        Base.metadata.create_all(self.database.engine)
        keys = KeyRing(FileKeyProvider.create(folder / "kek"), lambda: self.now)
        audit = AuditLog(keys, lambda: self.now)
        hashing = Passwords(PasswordSettings(memory_kib=8, passes=1, lanes=1))
        self.accounts = Accounts(hashing, audit, lambda: self.now)
        self.grants = Grants(audit, lambda: self.now)
        self.access_tokens = AccessTokens(AccessTokenSettings(), audit, lambda: self.now)
        self.held: dict[str, dict[str | None, Role]] = {}
        self.issued: dict[str, tuple[str, frozenset[Verb], datetime]] = {}
        with self.database.transaction() as session:
            session.add(Tenant(id=TENANT, name="Default", created_at=self.now))
            keys.create_tenant(session, TENANT)

    @rule(target=users, number=st.integers(0, 10**9), role=st.none() | st.sampled_from(Role))
    def create_user(self, number: int, role: Role | None) -> str:
        with self.database.transaction() as session:
            name = f"user {number} {len(self.held)}"
            account = self.accounts.create_user(session, OPERATOR, name, "correct horse", role)
        self.held[account.id] = {None: role} if role else {}
        return account.id

    @rule(
        actor=users,
        limits=st.none() | scopes,
        user=users,
        place=st.sampled_from(PLACES),
        role=st.none() | st.sampled_from(Role),
    )
    def change_role(
        self,
        actor: str,
        limits: frozenset[Verb] | None,
        user: str,
        place: str | None,
        role: Role | None,
    ) -> None:
        allowed = self.verbs(actor, place) & (frozenset(Verb) if limits is None else limits)
        try:
            with self.database.transaction() as session:
                principal = principal_of(session, actor, limits)
                if role:
                    self.grants.set(session, principal, user, place, role)
                else:
                    self.grants.remove(session, principal, user, place)
        except (Forbidden, NotFound, LastOwner, Unauthenticated):
            return
        assert (Verb.ADMINISTER if place is None else Verb.SHARE) in allowed
        assert role is None or role.verbs <= allowed
        self.held[user].pop(place, None)
        if role:
            self.held[user][place] = role

    @rule(user=users)
    def delete_user(self, user: str) -> None:
        try:
            with self.database.transaction() as session:
                self.accounts.delete_user(session, OPERATOR, user)
        except (NotFound, LastOwner):
            return
        del self.held[user]

    @rule(
        target=tokens,
        user=users,
        limits=st.frozensets(st.sampled_from(Verb), min_size=1),
        days=st.integers(1, 3),
    )
    def issue(self, user: str, limits: frozenset[Verb], days: int) -> IssuedToken | None:
        if user not in self.held:
            return None
        with self.database.transaction() as session:
            principal = principal_of(session, user)
            issued = self.access_tokens.create(session, principal, "cli", limits, days)
        self.issued[issued.token] = (user, limits, self.now + timedelta(days=days))
        return issued

    @rule(issued=consumes(tokens))
    def revoke(self, issued: IssuedToken | None) -> None:
        if issued is None:
            return
        user, _, _ = self.issued.pop(issued.token)
        if user in self.held:
            with self.database.transaction() as session:
                self.access_tokens.revoke(session, principal_of(session, user), issued.info.id)

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def each_token_does_what_its_owner_may_and_its_scopes_say(self) -> None:
        with self.database.reading() as session:
            for token, (user, limits, expires_at) in self.issued.items():
                alive = user in self.held and self.now < expires_at
                for place in PLACES:
                    expected = self.verbs(user, place) & limits if alive else frozenset()
                    try:
                        principal = self.access_tokens.authenticate(session, token)
                    except Unauthenticated:
                        assert not alive
                    else:
                        assert alive
                        assert principal.verbs(place) == expected

    @invariant()
    def who_administered_once_still_does(self) -> None:
        owners = [user for user, held in self.held.items() if held.get(None) is Role.OWNER]
        self.had_owner = getattr(self, "had_owner", False) or bool(owners)
        assert bool(owners) == self.had_owner

    def verbs(self, user: str, place: str | None) -> frozenset[Verb]:
        held = self.held.get(user, {})
        roles = [held[at] for at in {None, place} if at in held]
        return frozenset().union(*(role.verbs for role in roles))

    def teardown(self) -> None:
        self.database.close()
        self._folder.cleanup()


TestRights = Rights.TestCase
TestRights.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
