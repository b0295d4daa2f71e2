"""The ways to prove to a provider which client we are, each against the certified one."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from api.wiring import utc_now
from security.oidc.attempts import Attempt
from security.oidc.connection import Connection
from security.oidc.errors import ProviderUnavailable
from security.oidc.settings import OidcSettings, ProviderSettings
from tests.integration.identity.provider import OidcProvider

CALLBACK = "http://127.0.0.1:1/callback"
ATTEMPT = Attempt(state="s" * 43, nonce="n" * 43, verifier="v" * 64, next_page="/")


def settings(provider: OidcProvider, client_id: str, **credentials: Any) -> ProviderSettings:
    return ProviderSettings(
        id="company",
        title="Company",
        issuer=provider.issuer,
        client_id=client_id,
        roles={"*": "reader"},  # type: ignore[dict-item] - pydantic makes it a role
        **credentials,
    )


def signed_in(provider: OidcProvider, chosen: ProviderSettings) -> Any:
    """Sign in through a connection of these settings; return what the provider says."""
    provider.put_account("ada", name="Ada")
    with httpx.Client() as http, httpx.Client() as elsewhere:
        connection = Connection(chosen, OidcSettings(), http, utc_now)
        url = connection.authorization_url(ATTEMPT, CALLBACK)
        back = parse_qs(urlsplit(provider.sign_in(elsewhere, url, "ada")).query)
        vouched = connection.signed_in(back["code"][0], ATTEMPT, CALLBACK)
        assert vouched.refresh_token is not None
        return connection.refreshed(vouched.refresh_token, ATTEMPT.nonce, "ada").claims


def test_a_secret_from_a_file(oidc_provider: OidcProvider, tmp_path: Path) -> None:
    client = oidc_provider.register(redirect_uris=[CALLBACK])
    (tmp_path / "secret").write_text(f"{client.secret}\n")
    chosen = settings(oidc_provider, client.id, client_secret_file=tmp_path / "secret")
    assert signed_in(oidc_provider, chosen)["name"] == "Ada"


@pytest.mark.parametrize("kind", ["RSA as PEM", "EC as JWK"])
def test_a_signature(oidc_provider: OidcProvider, tmp_path: Path, kind: str) -> None:
    key: Any = RSAKey.generate_key(2048) if kind == "RSA as PEM" else ECKey.generate_key("P-256")
    public = {**key.as_dict(private=False), "kid": "ours", "use": "sig"}
    client = oidc_provider.register(
        redirect_uris=[CALLBACK],
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [public]},
    )
    file = tmp_path / "key"
    if kind == "RSA as PEM":
        file.write_bytes(key.as_pem(private=True))
    else:
        file.write_text(json.dumps(key.as_dict(private=True)))
    chosen = settings(oidc_provider, client.id, private_key_file=file, private_key_id="ours")
    assert signed_in(oidc_provider, chosen)["name"] == "Ada"


@pytest.mark.parametrize("name", ["client_secret_file", "private_key_file"])
def test_a_file_that_cannot_be_read_is_the_operator_s_problem(
    oidc_provider: OidcProvider, tmp_path: Path, name: str
) -> None:
    client = oidc_provider.register(redirect_uris=[CALLBACK])
    chosen = settings(oidc_provider, client.id, **{name: tmp_path / "missing"})
    with pytest.raises(ProviderUnavailable):
        signed_in(oidc_provider, chosen)
