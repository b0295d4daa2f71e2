"""The identity provider of the tests does what other tests take for granted."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.integration.identity.provider import Client, OidcProvider

CALLBACK = "http://127.0.0.1:1/callback"
RESOURCE = "https://sourcebook.example/api"


def test_a_person_signs_in_and_what_they_hold_ends_with_their_account(
    oidc_provider: OidcProvider,
) -> None:
    oidc_provider.put_account("grace", name="Grace", groups=["staff"])
    client, verifier = oidc_provider.register(redirect_uris=[CALLBACK]), token_urlsafe(48)
    wanted = {
        "client_id": client.id,
        "response_type": "code",
        "scope": "openid profile groups",
        "redirect_uri": CALLBACK,
        "state": "s",
        "code_challenge": s256(verifier),
        "code_challenge_method": "S256",
    }
    url = f"{oidc_provider.metadata['authorization_endpoint']}?{urlencode(wanted)}"
    with httpx.Client() as browser:
        answer = parse_qs(urlsplit(oidc_provider.sign_in(browser, url, "grace")).query)
    assert answer["iss"] == [oidc_provider.issuer]
    form = {"code": answer["code"][0], "redirect_uri": CALLBACK, "code_verifier": verifier}
    tokens = token(oidc_provider, client, grant_type="authorization_code", **form).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    told = httpx.get(oidc_provider.metadata["userinfo_endpoint"], headers=bearer).json()
    assert told == {"sub": "grace", "name": "Grace", "groups": ["staff"]}
    oidc_provider.remove_account("grace")
    refused = token(
        oidc_provider, client, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert refused.json()["error"] == "invalid_grant"


def test_an_application_gets_tokens_of_both_kinds(oidc_provider: OidcProvider) -> None:
    client = oidc_provider.register(
        grant_types=["client_credentials"], redirect_uris=[], response_types=[]
    )
    form = {"grant_type": "client_credentials", "scope": "read ask"}
    issued = token(oidc_provider, client, resource=RESOURCE, **form).json()["access_token"]
    keys = httpx.get(oidc_provider.metadata["jwks_uri"]).json()
    claims = jwt.decode(issued, KeySet.import_key_set(keys), algorithms=["RS256"])
    assert claims.header["typ"] == "at+jwt"
    assert (claims.claims["aud"], claims.claims["scope"]) == (RESOURCE, "read ask")
    opaque = token(oidc_provider, client, resource=f"{RESOURCE}/opaque", **form).json()
    told = httpx.post(
        oidc_provider.metadata["introspection_endpoint"],
        data={"token": opaque["access_token"]},
        auth=(client.id, client.secret),
    ).json()
    assert (told["active"], told["scope"]) == (True, "read ask")


def token(provider: OidcProvider, client: Client, **form: str) -> httpx.Response:
    return httpx.post(
        provider.metadata["token_endpoint"], data=form, auth=(client.id, client.secret)
    )


def s256(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
