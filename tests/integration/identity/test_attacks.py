"""What no honest provider would send, and what no honest browser would bring: all refused."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from security.tables import SERVICE, Identity, User
from tests.integration.identity.liar import CLIENT, LyingProvider
from tests.integration.identity.product import Product

COOKIE = "sourcebook_session"
PROVIDER = "liar"


def begin(product: Product, browser: httpx.Client) -> dict[str, str]:
    """Begin a sign-in; return the parameters of the authorization request."""
    asked = parse_qs(urlsplit(product.begin(browser, PROVIDER)).query)
    return {name: values[0] for name, values in asked.items()}


def bring(browser: httpx.Client, liar: LyingProvider, **answer: str | None) -> httpx.Response:
    """Come back from the provider with an answer; a parameter of None is left out."""
    whole = {"code": "any", "iss": liar.issuer, **answer}
    query = {name: value for name, value in whole.items() if value is not None}
    return browser.get(f"/v1/sign-in/{PROVIDER}/callback?{urlencode(query)}")


def refused(product: Product, answer: httpx.Response, status: int, code: str) -> None:
    """Check the refusal, that it is on record, and that nobody is signed in."""
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "set-cookie" not in answer.headers
    entry = product.entries(1)[0]
    assert (entry.action, entry.actor, entry.outcome) == ("session.start", "anonymous", "failure")
    assert entry.details["reason"] == code


def test_the_request_has_pkce_with_s256_and_keeps_its_secrets(
    product: Product, liar: LyingProvider
) -> None:
    one, other = (begin(product, product.browser()) for _ in range(2))
    assert one["code_challenge_method"] == "S256"
    assert len(one["code_challenge"]) == 43
    assert set(one) == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    }
    assert all(one[name] != other[name] for name in ("state", "nonce", "code_challenge"))


def test_an_honest_token_is_taken(product: Product, liar: LyingProvider) -> None:
    browser = product.browser()
    asked = begin(product, browser)
    liar.tokens = {"id_token": liar.signed(liar.claims(asked["nonce"]))}
    assert bring(browser, liar, state=asked["state"]).status_code == 303
    assert browser.get("/v1/session").json()["user"]["verbs"] == ["ask", "read"]


ANSWERS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no state": ({"state": None}, 400, "sign_in_expired"),
    "a state of nobody": ({"state": "x" * 43}, 400, "sign_in_expired"),
    "no code": ({"code": None}, 401, "sign_in_not_proven"),
    "no iss": ({"iss": None}, 401, "sign_in_not_proven"),
    "another iss": ({"iss": "https://other.example"}, 401, "sign_in_not_proven"),
    "an error of another": (
        {"iss": "https://other.example", "error": "x"},
        401,
        "sign_in_not_proven",
    ),
    "an error": ({"error": "access_denied", "error_description": "<b>"}, 403, "provider_denied"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_does_not_fit_is_refused(
    product: Product, liar: LyingProvider, case: str
) -> None:
    changed, status, code = ANSWERS[case]
    browser = product.browser()
    asked = begin(product, browser)
    liar.tokens = {"id_token": liar.signed(liar.claims(asked["nonce"]))}
    answer = {"state": asked["state"], **changed}
    refused(product, bring(browser, liar, **answer), status, code)
    if answer["state"] == asked["state"]:  # and that was its only chance
        again = bring(browser, liar, state=asked["state"])
        refused(product, again, 400, "sign_in_expired")


def test_a_parameter_that_comes_twice_counts_for_nothing(
    product: Product, liar: LyingProvider
) -> None:
    browser = product.browser()
    asked = begin(product, browser)
    query = urlencode({"code": "any", "iss": liar.issuer, "state": asked["state"]})
    path = f"/v1/sign-in/{PROVIDER}/callback?{query}&code=other"
    refused(product, browser.get(path), 400, "sign_in_expired")


def test_an_answer_counts_only_in_the_browser_that_asked(
    product: Product, liar: LyingProvider
) -> None:
    """Login CSRF: an attacker's own answer must not sign a victim in as the attacker."""
    attacker, victim = product.browser(), product.browser()
    asked = begin(product, attacker)
    begin(product, victim)
    liar.tokens = {"id_token": liar.signed(liar.claims(asked["nonce"]))}
    refused(product, bring(victim, liar, state=asked["state"]), 400, "sign_in_expired")
    bare = product.browser()
    refused(product, bring(bare, liar, state=asked["state"]), 400, "sign_in_expired")


def test_an_answer_counts_once_and_not_for_long(product: Product, liar: LyingProvider) -> None:
    browser = product.browser()
    asked = begin(product, browser)
    liar.tokens = {"id_token": liar.signed(liar.claims(asked["nonce"]))}
    assert bring(browser, liar, state=asked["state"]).status_code == 303
    assert bring(browser, liar, state=asked["state"]).status_code == 400
    late = begin(product, browser)
    product.clock.advance(minutes=10)
    assert bring(browser, liar, state=late["state"]).status_code == 400


def test_an_answer_for_another_provider_is_refused(product: Product, liar: LyingProvider) -> None:
    browser = product.browser()
    asked = begin(product, browser)
    query = urlencode({"code": "any", "iss": liar.issuer, "state": asked["state"]})
    refused(product, browser.get(f"/v1/sign-in/company/callback?{query}"), 400, "sign_in_expired")


def test_a_foreign_page_begins_nothing(product: Product) -> None:
    foreign = product.browser()
    foreign.headers["Origin"] = "https://evil.example"
    assert foreign.post(f"/v1/sign-in/{PROVIDER}", json={}).status_code == 403
    assert product.browser().post("/v1/sign-in/unknown", json={}).status_code == 404


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "javascript:alert(1)",
        "/ok\r\nSet-Cookie: a=b",
        "/\tevil",
        "",
        "evil",
    ],
)
def test_nobody_is_led_elsewhere_after_signing_in(
    product: Product, liar: LyingProvider, elsewhere: str
) -> None:
    browser = product.browser()
    url = product.begin(browser, PROVIDER, elsewhere)
    asked = parse_qs(urlsplit(url).query)
    liar.tokens = {"id_token": liar.signed(liar.claims(asked["nonce"][0]))}
    assert bring(browser, liar, state=asked["state"][0]).headers["location"] == f"{product.url}/"


def changed(**claims: Any) -> Callable[[LyingProvider, str], str]:
    return lambda liar, nonce: liar.signed(liar.claims(nonce, **claims))


def parts(header: dict[str, Any], claims: dict[str, Any]) -> str:
    pieces = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(urlsafe_b64encode(piece).rstrip(b"=").decode() for piece in pieces)


def unsigned(liar: LyingProvider, nonce: str) -> str:
    return parts({"alg": "none", "kid": liar.key.kid}, liar.claims(nonce)) + "."


def signed_with_the_public_key(liar: LyingProvider, nonce: str) -> str:
    token = parts({"alg": "HS256", "kid": liar.key.kid}, liar.claims(nonce))
    mac = hmac.digest(liar.key.as_pem(private=False), token.encode(), "sha256")
    return f"{token}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def signed_with_a_key_of_its_own(liar: LyingProvider, nonce: str) -> str:
    own = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": liar.key.kid, "jwk": own.as_dict(private=False)}
    return jwt.encode(header, liar.claims(nonce), own, algorithms=["RS256"])


def tampered(liar: LyingProvider, nonce: str) -> str:
    honest = liar.signed(liar.claims(nonce)).split(".")
    forged = liar.signed(liar.claims(nonce, sub="admin")).split(".")
    return ".".join([honest[0], forged[1], honest[2]])


def far(seconds: int) -> int:
    return int(time.time()) + seconds


TOKENS: dict[str, Callable[[LyingProvider, str], str]] = {
    "alg none": unsigned,
    "HS256 with the public key": signed_with_the_public_key,
    "embedded jwk": signed_with_a_key_of_its_own,
    "jku": lambda liar, nonce: liar.signed(liar.claims(nonce), jku=f"{liar.issuer}/jwks"),
    "tampered subject": tampered,
    "not a token": lambda liar, nonce: "not.a.token",
    "empty": lambda liar, nonce: "",
    "an access token": lambda liar, nonce: liar.signed(liar.claims(nonce), typ="at+jwt"),
    "a logout token": lambda liar, nonce: liar.signed(liar.logout_claims(nonce=nonce)),
    "expired": changed(exp=far(-31), iat=far(-600)),
    "without an end": changed(exp=None),
    "an end in words": changed(exp="tomorrow"),
    "not yet valid": changed(nbf=far(3_600), exp=far(7_200)),
    "issued tomorrow": changed(iat=far(86_400), exp=far(90_000)),
    "without a beginning": changed(iat=None),
    "wrong issuer": changed(iss="https://other.example"),
    "issuer with a slash": lambda liar, nonce: liar.signed(
        liar.claims(nonce, iss=f"{liar.issuer}/")
    ),
    "wrong audience": changed(aud="other"),
    "no audience": changed(aud=None),
    "shared audience without azp": changed(aud=[CLIENT, "other"]),
    "wrong azp": changed(azp="other"),
    "no subject": changed(sub=None),
    "subject without end": changed(sub="x" * 256),
    "subject that is a number": changed(sub=7),
    "another nonce": changed(nonce="other"),
    "no nonce": changed(nonce=None),
    "at_hash of another": changed(at_hash="LDktKdoQak3Pk0cnXxCltA"),
}


@pytest.mark.parametrize("case", TOKENS)
def test_a_token_that_proves_nothing_is_refused(
    product: Product, liar: LyingProvider, case: str
) -> None:
    browser = product.browser()
    asked = begin(product, browser)
    liar.tokens = {"id_token": TOKENS[case](liar, asked["nonce"]), "access_token": "a"}
    answer = bring(browser, liar, state=asked["state"])
    refused(product, answer, 401, "sign_in_not_proven")


def test_a_refused_code_and_a_missing_token_prove_nothing(
    product: Product, liar: LyingProvider
) -> None:
    browser = product.browser()
    for status, tokens in ((400, {"error": "invalid_grant"}), (200, {"access_token": "a"})):
        asked = begin(product, browser)
        liar.tokens_status, liar.tokens = status, tokens
        refused(product, bring(browser, liar, state=asked["state"]), 401, "sign_in_not_proven")


def test_userinfo_of_somebody_else_is_refused(product: Product, liar: LyingProvider) -> None:
    browser = product.browser()
    asked = begin(product, browser)
    claims = liar.claims(asked["nonce"], groups=None)
    liar.tokens = {"id_token": liar.signed(claims), "access_token": "a"}
    liar.userinfo = {"sub": "another", "groups": ["chiefs"]}
    refused(product, bring(browser, liar, state=asked["state"]), 401, "sign_in_not_proven")
    asked = begin(product, browser)
    liar.tokens["id_token"] = liar.signed(liar.claims(asked["nonce"], groups=None))
    liar.userinfo = {"sub": "mallory", "groups": ["staff"], "iss": "ignored"}
    assert bring(browser, liar, state=asked["state"]).status_code == 303


def test_a_program_s_account_signs_in_nowhere(product: Product, liar: LyingProvider) -> None:
    now, tenant_id = product.clock(), product.state.tenant_id
    program = User(id="p" * 32, tenant_id=tenant_id, name="Robot", kind=SERVICE, created_at=now)
    identity = Identity(
        tenant_id=tenant_id,
        issuer=liar.issuer,
        subject="robot",
        user_id=program.id,
        created_at=now,
    )
    with product.database.transaction(tenant_id) as session:
        session.add(program)
        session.flush()
        session.add(identity)
    browser = product.browser()
    asked = begin(product, browser)
    liar.tokens = {"id_token": liar.signed(liar.claims(asked["nonce"], sub="robot"))}
    answer = bring(browser, liar, state=asked["state"])
    assert (answer.status_code, answer.json()["code"]) == (403, "not_admitted")
