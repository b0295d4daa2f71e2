from base64 import b64encode
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from security.audit import AuditLog
from security.grants import Grants
from security.oauth.service_accounts import NewServiceAccount, ServiceAccounts
from security.oauth.signing_keys import SigningKeys
from security.oauth.tables import SigningKey
from security.oauth.token_endpoint import TokenEndpoint, TokenRequest
from security.principal import Principal, Role
from storage.database import Database

TENANT, URL = "default", "https://books.example"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})
SECONDS = 600


def refused(answer: Any) -> tuple[int, str]:
    assert set(answer.body) == {"error", "error_description"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer.headers) == (answer.status == 401)
    return answer.status, answer.body["error"]


def test_a_secret_buys_a_short_token_of_rfc_9068(
    database: Database, signing_keys: SigningKeys, create: Any, ask: Any, clock: Any
) -> None:
    account = create(Role.READER)
    answer = ask(account)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.body.pop("access_token")
    assert answer.body == {"token_type": "Bearer", "expires_in": SECONDS, "scope": "ask read"}
    with database.reading() as session:
        keys = KeySet.import_key_set({"keys": signing_keys.public(session, TENANT)})
    read = jwt.decode(token, keys, algorithms=["ES256"])
    assert read.header["typ"] == "at+jwt"
    now = int(clock().timestamp())
    assert len(read.claims.pop("jti")) == 32
    assert read.claims == {
        "iss": URL,
        "aud": URL,
        "sub": account.info.id,
        "client_id": account.info.id,
        "scope": "ask read",
        "iat": now,
        "exp": now + SECONDS,
        "generation": 1,
    }


def test_the_secret_may_be_in_the_form(create: Any, ask: Any) -> None:
    account = create()
    form = {"client_id": account.info.id, "client_secret": account.secret}
    assert ask(scope="read", **form).body["scope"] == "read"


def test_a_program_may_sign_instead(
    create: Any, ask: Any, assertion: Any, pair: ECKey, database: Database, service_accounts: Any
) -> None:
    account = create(public_jwk=pair.as_dict(private=False))
    for audience in (URL, f"{URL}/oauth2/token", [URL]):
        assert ask(**assertion(account.info.id, aud=audience)).status == 200
    other = create()
    with database.transaction() as session:
        jwk = ECKey.generate_key("P-384").as_dict(private=False)
        service_accounts.set_key(session, OPERATOR, other.info.id, jwk)
    assert refused(ask(**assertion(other.info.id))) == (401, "invalid_client")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": [URL, "https://elsewhere.example"]},
        {"aud": None},
        {"iss": "someone"},
        {"sub": "0" * 32},
        {"sub": 7},
        {"exp": None},
        {"exp": 0},
        {"exp": "soon"},
        {"exp": 10**12},
        {"nbf": 10**12},
        {"iat": 10**12},
        {"jti": None},
        {"jti": 5},
        {"jti": ""},
    ],
    ids=str,
)
def test_an_assertion_must_be_right_in_every_claim(
    create: Any, ask: Any, assertion: Any, pair: ECKey, claims: dict[str, Any]
) -> None:
    account = create(public_jwk=pair.as_dict(private=False))
    form = assertion(account.info.id, **claims)
    assert refused(ask(**form)) == (401, "invalid_client")


def test_an_assertion_counts_once(
    create: Any, ask: Any, assertion: Any, pair: ECKey, clock: Any
) -> None:
    jwk = pair.as_dict(private=False)
    account, other = create(public_jwk=jwk), create(public_jwk=jwk)
    form = assertion(account.info.id, jti="one")
    assert ask(**form).status == 200
    assert refused(ask(**form)) == (401, "invalid_client")
    assert ask(**assertion(other.info.id, jti="one")).status == 200
    clock.advance(seconds=89)  # as long as the clocks' difference allows
    assert refused(ask(**form)) == (401, "invalid_client")
    clock.advance(seconds=60)
    assert refused(ask(**form)) == (401, "invalid_client")
    assert ask(**assertion(account.info.id, jti="two")).status == 200


def test_a_program_cannot_use_the_other_kind_of_credential(
    create: Any, ask: Any, assertion: Any, pair: ECKey
) -> None:
    by_key, by_secret = create(public_jwk=pair.as_dict(private=False)), create()
    form = {"client_id": by_key.info.id, "client_secret": ""}
    assert refused(ask(**form)) == (401, "invalid_client")
    assert refused(ask(**assertion(by_secret.info.id))) == (401, "invalid_client")


def test_everything_that_fails_looks_the_same(
    create: Any,
    ask: Any,
    database: Database,
    service_accounts: ServiceAccounts,
    clock: Any,
    other_tenant: Principal,
) -> None:
    living, deleted, expired, rotated = create(), create(), create(days=1), create()
    with database.transaction() as session:
        service_accounts.delete(session, OPERATOR, deleted.info.id)
        service_accounts.rotate_secret(session, OPERATOR, rotated.info.id)
    clock.advance(days=1)
    answers = [ask(account) for account in (deleted, expired, rotated)]
    answers += [
        ask(client_id=living.info.id, client_secret=rotated.secret),
        ask(client_id="nobody", client_secret="sbs_x"),
        ask(client_id=living.info.id),
        ask(),
        ask(authorization="Basic !"),
        ask(authorization=f"Basic {b64encode(bytes([255, 58, 255])).decode()}"),
        ask(authorization="Bearer x"),
    ]
    for answer in answers:
        assert refused(answer) == (401, "invalid_client")
    assert len({str(answer) for answer in answers}) == 1
    assert ask(living).status == 200


def test_another_tenant_s_account_is_unknown_here(
    database: Database, service_accounts: ServiceAccounts, ask: Any, other_tenant: Principal
) -> None:
    with database.transaction() as session:
        wanted = NewServiceAccount("theirs", Role.OWNER, 30)
        account = service_accounts.create(session, other_tenant, wanted)
    assert refused(ask(account)) == (401, "invalid_client")


def test_scopes_are_never_more_than_the_account_may_do(
    database: Database, grants: Grants, create: Any, ask: Any
) -> None:
    account = create(Role.READER)
    assert ask(account, scope="read").body["scope"] == "read"
    for scope in ("read upload", "administer", "everything", "READ", "read\x00"):
        assert refused(ask(account, scope=scope)) == (400, "invalid_scope")
    with database.transaction() as session:
        grants.set(session, OPERATOR, account.info.id, "c1", Role.EDITOR)
    assert ask(account).body["scope"] == "ask edit read upload"
    assert ask(create(None)).body["scope"] == ""


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ([("grant_type", "password")], "unsupported_grant_type"),
        ([("grant_type", "authorization_code")], "unsupported_grant_type"),
        ([], "unsupported_grant_type"),
        ([("grant_type", "client_credentials")] * 2, "invalid_request"),
        ([("client_secret", "a"), ("client_assertion", "b")], "invalid_request"),
    ],
)
def test_requests_of_other_kinds_are_refused(
    endpoint: TokenEndpoint, form: list[tuple[str, str]], code: str
) -> None:
    assert refused(endpoint.respond(TokenRequest(form, None, "192.0.2.1"))) == (400, code)


def test_two_credentials_at_once_are_refused(create: Any, ask: Any) -> None:
    account = create()
    assert refused(ask(account, client_secret=account.secret)) == (400, "invalid_request")


def test_getting_a_token_and_failing_to_are_on_record(
    database: Database, audit: AuditLog, create: Any, ask: Any
) -> None:
    account = create()
    ask(account)
    ask(client_id=account.info.id, client_secret="sbs_guess")
    ask(client_id="a-password-in-the-wrong-field", client_secret="x")
    with database.reading() as session:
        failure, success = audit.entries(session, OPERATOR, limit=2)
    assert (success.action, success.outcome) == ("service_account.token", "success")
    assert (failure.action, failure.outcome) == ("service_account.token", "failure")
    assert {success.actor, failure.actor} == {account.info.id}
    assert failure.details == {"address": "192.0.2.1"}


def test_the_signing_key_is_replaced_by_age_and_the_old_one_served_on(
    database: Database, signing_keys: SigningKeys, create: Any, ask: Any, clock: Any
) -> None:
    def kids() -> list[str]:
        with database.reading() as session:
            return [key["kid"] for key in signing_keys.public(session, TENANT)]

    account = create(days=700)
    ask(account)
    first = kids()
    clock.advance(days=89)
    ask(account)
    assert kids() == first
    clock.advance(days=1)
    ask(account)
    assert kids()[1:] == first
    clock.advance(minutes=11)
    assert len(kids()) == 1
    assert kids() != first


def test_the_private_key_is_sealed(
    database: Database, signing_keys: SigningKeys, create: Any, ask: Any
) -> None:
    ask(create())
    with database.transaction() as session:
        kid, key = signing_keys.signer(session, TENANT)
        row = session.get_one(SigningKey, kid)
    private = str(key.as_dict(private=True)["d"])
    assert private.encode() not in row.sealed
    assert "d" not in row.public_jwk


junk = st.text(max_size=40) | st.sampled_from(["client_credentials", "Basic Og==", "e30.e30.e30"])
names = st.sampled_from(
    ["grant_type", "scope", "client_id", "client_secret", "client_assertion_type", "x"]
) | st.just("client_assertion")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(names, junk), max_size=6), st.none() | junk)
def test_no_request_breaks_the_endpoint(
    endpoint: TokenEndpoint, form: list[tuple[str, str]], authorization: str | None
) -> None:
    status, code = refused(endpoint.respond(TokenRequest(form, authorization, "192.0.2.1")))
    assert (status, code) != (200, "")
