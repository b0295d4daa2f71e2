"""Every way to make a token that we did not issue, or to use one for longer than it is good."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from enum import Enum, auto
from hashlib import sha256
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.errors import Unauthenticated
from security.grants import Grants
from security.keyring import KeyRing
from security.oauth.issued_tokens import IssuedTokens, Issuer
from security.oauth.service_accounts import ServiceAccounts
from security.oauth.signing_keys import SigningKeys
from security.oauth.tables import ServiceAccount
from security.principal import Principal, Role, Verb
from security.settings import ServiceAccountSettings
from security.tables import User
from storage.database import Database

TENANT, URL = "default", "https://books.example"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})


class Missing(Enum):
    """A claim left out; its name in a test is the same in every process."""

    CLAIM = auto()


@pytest.fixture
def account(create: Any) -> Any:
    return create(Role.READER)


@pytest.fixture
def token(ask: Any, account: Any) -> str:
    return str(ask(account).body["access_token"])


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def forged(
    database: Database, signing_keys: SigningKeys, account: Any, clock: Any
) -> Callable[..., str]:
    """Return what signs with our own key; headers and claims can be changed or left out."""

    def forge(header: dict[str, Any] | None = None, **claims: Any) -> str:
        with database.transaction() as session:
            kid, key = signing_keys.signer(session, TENANT)
        now = int(clock().timestamp())
        said = {
            "iss": URL,
            "aud": URL,
            "sub": account.info.id,
            "client_id": account.info.id,
            "scope": "read",
            "iat": now,
            "exp": now + 60,
            "generation": 1,
            **claims,
        }
        protected = {"alg": "ES256", "typ": "at+jwt", "kid": kid, **(header or {})}
        return jwt.encode(_kept(protected), _kept(said), key, default_type=None)

    return forge


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not Missing.CLAIM}


def _part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _refused(session: Session, tokens: IssuedTokens, token: str) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        tokens.authenticate(session, token)
    assert str(refusal.value) == Unauthenticated.message


def test_a_token_stands_for_its_account_within_its_scopes(
    session: Session, issued_tokens: IssuedTokens, forged: Any, account: Any, token: str
) -> None:
    narrow = forged(scope="read")
    principal = issued_tokens.authenticate(session, token)
    assert (principal.user_id, principal.tenant_id) == (account.info.id, TENANT)
    assert principal.verbs() == {Verb.READ, Verb.ASK}
    assert issued_tokens.authenticate(session, narrow).verbs() == {Verb.READ}


@pytest.mark.parametrize("scope", ["administer audit", "", Missing.CLAIM, 7, ["upload", "edit"]])
def test_a_scope_gives_no_right_that_the_account_lacks(
    session: Session, issued_tokens: IssuedTokens, forged: Any, scope: Any
) -> None:
    assert not issued_tokens.authenticate(session, forged(scope=scope)).verbs()


def test_no_algorithm_is_no_signature(
    session: Session, issued_tokens: IssuedTokens, token: str
) -> None:
    _, claims, signature = token.split(".")
    for alg in ("none", "None", "nOnE", ""):
        header = _part({"alg": alg, "typ": "at+jwt"})
        for end in ("", signature):
            _refused(session, issued_tokens, f"{header}.{claims}.{end}")


def test_the_public_key_is_no_shared_secret(
    session: Session, issued_tokens: IssuedTokens, signing_keys: SigningKeys, token: str
) -> None:
    (public,) = signing_keys.public(session, TENANT)
    secrets = [
        ECKey.import_key(public).as_pem(private=False),
        json.dumps(public).encode(),
        public["x"].encode(),
    ]
    start = (
        f"{_part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': public['kid']})}.{token.split('.')[1]}"
    )
    for secret in secrets:
        signature = urlsafe_b64encode(hmac.digest(secret, start.encode(), sha256)).rstrip(b"=")
        _refused(session, issued_tokens, f"{start}.{signature.decode()}")


@pytest.mark.parametrize("kid", [Missing.CLAIM, "mine"])
def test_a_token_does_not_bring_its_own_key(
    session: Session, issued_tokens: IssuedTokens, token: str, kid: Any
) -> None:
    own = ECKey.generate_key("P-256", auto_kid=False)
    claims = json.loads(_decoded(token.split(".")[1]))
    for header in (
        {"jwk": own.as_dict(private=False)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["MIIB"]},
        {},
    ):
        protected = _kept({"alg": "ES256", "typ": "at+jwt", "kid": kid, **header})
        _refused(session, issued_tokens, jwt.encode(protected, claims, own))


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": ECKey.generate_key("P-256").as_dict(private=False)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["MIIB"]},
    ],
    ids=lambda header: next(iter(header)),
)
def test_a_header_that_names_a_key_is_refused_even_when_we_signed(
    session: Session, issued_tokens: IssuedTokens, forged: Any, header: dict[str, Any]
) -> None:
    _refused(session, issued_tokens, forged(header))


def test_critical_headers_are_refused(
    session: Session, issued_tokens: IssuedTokens, token: str, forged: Any
) -> None:
    _refused(session, issued_tokens, forged({"crit": ["typ"]}))
    _, claims, signature = token.split(".")
    for crit in (["exp"], [], 5, None, "typ"):
        header = _part({"alg": "ES256", "typ": "at+jwt", "crit": crit})
        _refused(session, issued_tokens, f"{header}.{claims}.{signature}")


@pytest.mark.parametrize("typ", ["JWT", "at+JWT2", "id_token", "logout+jwt", "", Missing.CLAIM, 5])
def test_a_token_of_another_type_is_refused(
    session: Session, issued_tokens: IssuedTokens, forged: Any, typ: Any
) -> None:
    if typ == 5:
        _refused(session, issued_tokens, _part({"alg": "ES256", "typ": 5}) + ".e30.AAAA")
    else:
        _refused(session, issued_tokens, forged({"typ": typ}))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 0},
        {"exp": Missing.CLAIM},
        {"exp": "later"},
        {"exp": None},
        {"nbf": 10**12},
        {"iat": 10**12},
        {"aud": "https://elsewhere.example"},
        {"aud": f"{URL}/"},
        {"aud": Missing.CLAIM},
        {"iss": "https://elsewhere.example"},
        {"iss": f"{URL}/"},
        {"iss": [URL]},
        {"iss": Missing.CLAIM},
        {"sub": "0" * 32},
        {"sub": Missing.CLAIM},
        {"sub": ["x"]},
        {"generation": 2},
        {"generation": Missing.CLAIM},
    ],
    ids=str,
)
def test_a_claim_that_is_wrong_or_missing_is_refused(
    session: Session, issued_tokens: IssuedTokens, forged: Any, claims: dict[str, Any]
) -> None:
    _refused(session, issued_tokens, forged(**claims))


def test_a_changed_character_breaks_the_signature(
    session: Session, issued_tokens: IssuedTokens, token: str, create: Any
) -> None:
    header, claims, signature = token.split(".")
    said = json.loads(_decoded(claims))
    for change in ({"sub": create(Role.OWNER).info.id}, {"scope": "administer"}, {"exp": 10**12}):
        _refused(session, issued_tokens, f"{header}.{_part({**said, **change})}.{signature}")
    for cut in (token[:-4], token + "AAAA", f"{header}.{claims}", f"{token}.x", "", "..", "a.b.c"):
        _refused(session, issued_tokens, cut)


def test_what_ends_an_account_ends_its_tokens_at_once(
    session: Session,
    issued_tokens: IssuedTokens,
    service_accounts: ServiceAccounts,
    grants: Grants,
    account: Any,
    token: str,
    clock: Any,
) -> None:
    grants.remove(session, OPERATOR, account.info.id, None)
    assert not issued_tokens.authenticate(session, token).verbs()
    user = session.get_one(User, account.info.id)
    user.deactivated_at = clock()
    session.flush()
    _refused(session, issued_tokens, token)
    user.deactivated_at = None
    session.get_one(ServiceAccount, account.info.id).expires_at = clock()
    session.flush()
    _refused(session, issued_tokens, token)
    session.get_one(ServiceAccount, account.info.id).expires_at = clock().replace(year=2030)
    service_accounts.rotate_secret(session, OPERATOR, account.info.id)
    _refused(session, issued_tokens, token)


def test_a_deleted_account_s_tokens_fail(
    session: Session,
    issued_tokens: IssuedTokens,
    service_accounts: ServiceAccounts,
    account: Any,
    token: str,
) -> None:
    service_accounts.delete(session, OPERATOR, account.info.id)
    session.expire_all()
    _refused(session, issued_tokens, token)


def test_a_token_ends_with_its_time(
    session: Session, issued_tokens: IssuedTokens, token: str, clock: Any
) -> None:
    clock.advance(seconds=600)
    issued_tokens.authenticate(session, token)  # clocks may differ by half a minute
    clock.advance(seconds=31)
    _refused(session, issued_tokens, token)


def test_another_tenant_s_key_and_account_count_for_nothing_here(
    session: Session,
    keyring: KeyRing,
    audit: AuditLog,
    clock: Any,
    other_tenant: Principal,
    issued_tokens: IssuedTokens,
    account: Any,
) -> None:
    settings = ServiceAccountSettings()
    keys = SigningKeys(settings, keyring, audit, clock)
    theirs = IssuedTokens(Issuer("other", URL), settings, keys, clock)
    kid, key = keys.signer(session, "other")
    now = int(clock().timestamp())
    claims = {"iss": URL, "aud": URL, "sub": account.info.id, "exp": now + 60, "generation": 1}
    signed = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid}, claims, key)
    _refused(session, issued_tokens, signed)  # their key, our account
    _refused(session, theirs, signed)


def _decoded(part: str) -> bytes:

    return urlsafe_b64decode(part.encode())
