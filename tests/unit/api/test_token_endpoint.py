"""Service accounts over HTTP: made by an administrator, used by a program, ended at once."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.testclient import TestClient

URL = "https://sourcebook.example"
BEARER = 'Bearer realm="sourcebook"'


@pytest.fixture
def admin(open_browser: Callable[[str], TestClient], sign_in: Any) -> TestClient:
    client = open_browser(URL)
    sign_in(client)
    return client


@pytest.fixture
def program(admin: TestClient) -> TestClient:
    """Return a client without the administrator's cookie."""
    return TestClient(admin.app, base_url=URL)


def _create(admin: TestClient, **more: Any) -> dict[str, Any]:
    new = {"name": f"job {uuid4().hex}", "role": "reader", "expires_in_days": 30, **more}
    created = admin.post("/v1/service-accounts", json=new)
    assert created.status_code == 201, created.text
    return dict(created.json())


def _token(program: TestClient, account: dict[str, Any], **form: str) -> str:
    answer = program.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials", **form},
        auth=(account["id"], account["secret"]),
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def _use(program: TestClient, token: str) -> Any:
    return program.get("/v1/session", headers={"Authorization": f"Bearer {token}"})


def test_a_program_finds_its_way_from_the_metadata(admin: TestClient, program: TestClient) -> None:
    account = _create(admin)
    told = program.get("/.well-known/oauth-authorization-server").json()
    assert told["issuer"] == URL
    answer = program.post(
        told["token_endpoint"],
        data={"grant_type": told["grant_types_supported"][0], "scope": "read"},
        auth=(account["id"], account["secret"]),
    )
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["access_token"]
    keys = KeySet.import_key_set(program.get(told["jwks_uri"]).json())
    assert jwt.decode(token, keys, algorithms=["ES256"]).claims["sub"] == account["id"]
    user = _use(program, token).json()["user"]
    assert (user["id"], user["verbs"]) == (account["id"], ["read"])


def test_a_program_signs_with_its_own_key(admin: TestClient, program: TestClient) -> None:
    key = ECKey.generate_key("P-256")
    account = _create(admin, public_jwk=key.as_dict(private=False))
    assert account["secret"] is None
    claims = {
        "iss": account["id"],
        "sub": account["id"],
        "aud": URL,
        "exp": int(time.time()) + 60,
        "jti": uuid4().hex,
    }
    assertion = jwt.encode({"alg": "ES256"}, claims, key)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    answers = [program.post("/oauth2/token", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json()["error"] == "invalid_client"


@pytest.mark.parametrize("end", ["delete", "rotate", "key"])
def test_what_an_administrator_ends_fails_at_the_next_request(
    admin: TestClient, program: TestClient, end: str
) -> None:
    account = _create(admin)
    token, path = _token(program, account), f"/v1/service-accounts/{account['id']}"
    assert _use(program, token).status_code == 200
    public = ECKey.generate_key("P-256").as_dict(private=False)
    changed = {
        "delete": lambda: admin.delete(path),
        "rotate": lambda: admin.post(f"{path}/secret"),
        "key": lambda: admin.put(f"{path}/key", json=public),
    }[end]()
    assert changed.is_success, changed.text
    refused = _use(program, token)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == f'{BEARER}, error="invalid_token"'


def test_a_role_is_given_and_taken(admin: TestClient, program: TestClient) -> None:
    account = _create(admin, role=None)
    token, path = _token(program, account), f"/v1/service-accounts/{account['id']}/role"
    assert admin.put(path, json={"role": "reader"}).status_code == 204
    assert _use(program, token).json()["user"]["verbs"] == []  # the token has no scope
    assert _use(program, _token(program, account)).json()["user"]["verbs"] == ["ask", "read"]
    assert admin.delete(path).status_code == 204
    (listed,) = admin.get("/v1/service-accounts").json()["items"]
    assert listed["role"] is None


def test_the_challenge_says_what_is_missing(admin: TestClient, program: TestClient) -> None:
    anonymous = program.get("/v1/session")
    assert (anonymous.status_code, anonymous.headers["www-authenticate"]) == (401, BEARER)
    for token in ("sbk_x", "sbs_x", "e30.e30.e30", "eyJ.eyJ.eyJ", "opaque", "-", "eyJ" * 9000):
        unknown = _use(program, token)
        assert (unknown.status_code, unknown.json()["code"]) == (401, "unauthenticated")
        assert unknown.headers["www-authenticate"] == f'{BEARER}, error="invalid_token"'
    narrow = _token(program, _create(admin), scope="read")
    headers = {"Authorization": f"Bearer {narrow}"}
    answer = program.post("/v1/documents", headers=headers)
    assert answer.status_code == 403
    said = answer.headers["www-authenticate"]
    assert said == f'{BEARER}, error="insufficient_scope", scope="upload"'


def test_a_program_makes_no_credentials(admin: TestClient, program: TestClient) -> None:
    account = _create(admin, role="owner")
    headers = {"Authorization": f"Bearer {_token(program, account)}"}
    new = {"name": "another", "expires_in_days": 1}
    assert program.post("/v1/service-accounts", json=new, headers=headers).status_code == 403
    path = f"/v1/service-accounts/{account['id']}/secret"
    assert program.post(path, headers=headers).status_code == 403
    wanted = {"name": "t", "scopes": ["read"], "expires_in_days": 1}
    assert program.post("/v1/tokens", json=wanted, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"grant_type=client_credentials", "application/json", 415),
        (b"grant_type=%ff", "application/x-www-form-urlencoded", 400),
        (b"a=b&" * 30, "application/x-www-form-urlencoded", 400),
        (b"a" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    admin: TestClient, program: TestClient, body: bytes, kind: str, status: int
) -> None:
    answer = program.post("/oauth2/token", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_description_names_every_way_in(admin: TestClient) -> None:
    document = admin.get("/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    assert set(schemes) == {
        "HTTPBearer",
        "APIKeyCookie",
        "OAuth2",
        "ClientSecretBasic",
        "ScimBearer",
    }
    assert schemes["OAuth2"]["flows"]["clientCredentials"]["tokenUrl"] == "/oauth2/token"
    asked = document["paths"]["/v1/search"]["post"]["security"]
    assert [name for way in asked for name in way] == ["HTTPBearer", "APIKeyCookie", "OAuth2"]
