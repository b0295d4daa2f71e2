"""A second real provider with other habits: Debian's `glewlwyd`, on SQLite.

The fixture `glewlwyd` (in `tests/conftest.py`) starts one for the whole session. It sends no `iss`
with its answers, puts all claims into the ID token, gives refreshed tokens without one, and names
scopes as the audience of its access tokens, unless asked for one of `RESOURCES` (RFC 8707).
Its clients and people are made over its own API:

    client = glewlwyd.register("name", redirect_uri=["http://127.0.0.1:8000/callback"])
    glewlwyd.put_account("ada", name="Ada", groups=["staff"])

The scopes that a client may ask for are granted by the person: `sign_in` does so.
"""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from security.oidc.pkce import s256
from tests.integration.identity.provider import Client
from tests.product import free_port

PROGRAM = Path("/usr/bin/glewlwyd")
TABLES = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SCOPES = "openid read ask"
RESOURCES = ["https://sourcebook.example/api", "https://elsewhere.example/api"]
PASSWORD = "password"  # of its first administrator, and here of everyone
START_SECONDS_MAX = 20
CONFIGURATION = """
port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="WARNING"
cookie_secure=0
session_expiration=3600
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = {{ type = "sqlite3" path = "{database}" }};
"""
GROUPS_OF_USERS = """
UPDATE g_user_module_instance SET gumi_parameters = json_set(gumi_parameters,
'$.data-format.groups', json('{"multiple":true,"read":true,"write":true}'))
"""


class Glewlwyd:
    """A running provider, and the hands of its administrator."""

    def __init__(self, url: str, admin: httpx.Client) -> None:
        self.url = url
        self.issuer = f"{url}/api/oidc"
        self._admin = admin

    @property
    def metadata(self) -> dict[str, Any]:
        """Its discovery document."""
        answer = httpx.get(f"{self.issuer}/.well-known/openid-configuration")
        return dict(answer.raise_for_status().json())

    def set_up(self) -> None:
        """Sign the administrator in and switch OpenID Connect on."""
        self._sign_in(self._admin, "admin")
        for scope in set(SCOPES.split()) - {"openid"}:
            self._add("scope", name=scope, password_required=False)
        self._add(
            "mod/plugin",
            module="oidc",
            name="oidc",
            display_name="oidc",
            parameters=_plugin(self.issuer),
        )

    def put_account(self, username: str, /, **claims: Any) -> None:
        """Make somebody who may sign in."""
        scopes = ["g_profile", *SCOPES.split()]
        wanted = {"username": username, "password": PASSWORD, "enabled": True, "scope": scopes}
        self._add("user", **wanted, **claims)

    def register(self, client_id: str, **metadata: Any) -> Client:
        """Make a confidential client; by default one that signs people in."""
        secret = token_urlsafe()
        wanted = {
            "client_id": client_id,
            "name": client_id,
            "enabled": True,
            "confidential": True,
            "password": secret,
            "client_secret": secret,
            "authorization_type": ["code", "refresh_token"],
            "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
            **metadata,
        }
        self._add("client", **wanted)
        return Client(client_id, secret)

    def sign_in(self, browser: httpx.Client, url: str, account: str, client: Client) -> str:
        """Sign in and consent as the provider's page does; return where the browser ends up."""
        self._sign_in(browser, account)
        grant = f"{self.url}/api/auth/grant/{client.id}"
        browser.put(grant, json={"scope": SCOPES}).raise_for_status()
        answer = browser.get(f"{url}&g_continue")
        assert answer.is_redirect, answer.text
        location = str(answer.headers["location"])
        assert urlsplit(location).netloc != urlsplit(self.url).netloc, location
        return location

    def tokens(self, account: str, client: Client, callback: str, **asked: str) -> dict[str, Any]:
        """Return what a program gets that signs somebody in; `asked` is for the request."""
        verifier = token_urlsafe()
        query = {
            "response_type": "code",
            "client_id": client.id,
            "redirect_uri": callback,
            "scope": SCOPES,
            "state": token_urlsafe(),
            "nonce": token_urlsafe(),
            "code_challenge": s256(verifier),
            "code_challenge_method": "S256",
            **asked,
        }
        with httpx.Client() as browser:
            url = f"{self.metadata['authorization_endpoint']}?{urlencode(query)}"
            back = self.sign_in(browser, url, account, client)
        form = {
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(back).query)["code"][0],
            "redirect_uri": callback,
            "code_verifier": verifier,
        }
        endpoint = self.metadata["token_endpoint"]
        answer = httpx.post(endpoint, data=form, auth=(client.id, client.secret))
        return dict(answer.raise_for_status().json())

    def _sign_in(self, browser: httpx.Client, name: str) -> None:
        form = {"username": name, "password": PASSWORD}
        browser.post(f"{self.url}/api/auth/", json=form).raise_for_status()

    def _add(self, what: str, **parts: Any) -> None:
        answer = self._admin.post(f"{self.url}/api/{what}/", json=parts)
        assert answer.is_success, answer.text


def _plugin(issuer: str) -> dict[str, Any]:
    key = generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    groups = {"name": "groups", "user-property": "groups", "type": "string", "mandatory": True}
    on = dict.fromkeys(
        (
            "refresh-token-rolling",
            "auth-type-code-enabled",
            "auth-type-code-revoke-replayed",
            "auth-type-client-enabled",
            "auth-type-refresh-enabled",
            "pkce-allowed",
            "pkce-required",
            "jwks-show",
            "introspection-revocation-allowed",
            "introspection-revocation-allow-target-client",
            "resource-allowed",
        ),
        True,
    )
    return {
        "iss": issuer,
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": private.decode(),
        "cert": public.decode(),
        "access-token-duration": 3600,
        "refresh-token-duration": 36000,
        "code-duration": 600,
        "refresh-token-one-use": "always",
        "subject-type": "public",
        "allowed-scope": SCOPES.split(),
        "resource-scope": dict.fromkeys(SCOPES.split()[1:], RESOURCES),
        "scope": [],
        "claims": [groups],
        "name-claim": "mandatory",
        **on,
    }


@contextmanager
def running_glewlwyd(folder: Path) -> Iterator[Glewlwyd]:
    """Start the provider on a free port of loopback with a database in `folder`."""
    if not PROGRAM.exists():
        pytest.fail("The identity provider glewlwyd is missing: make system-packages")
    port, database = free_port(), folder / "glewlwyd.db"
    with sqlite3.connect(database) as connection:
        connection.executescript(TABLES.read_text())
        connection.execute(GROUPS_OF_USERS)
    configuration = folder / "glewlwyd.conf"
    configuration.write_text(CONFIGURATION.format(port=port, database=database))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "-c", configuration], stdout=log, stderr=log)
    try:
        with httpx.Client() as admin:
            provider = Glewlwyd(f"http://127.0.0.1:{port}", admin)
            _wait_until_ready(provider, process, folder / "log")
            provider.set_up()
            yield provider
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_ready(provider: Glewlwyd, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            httpx.get(f"{provider.url}/config/").raise_for_status()
            return
        time.sleep(0.02)
    pytest.fail(f"glewlwyd did not start:\n{log.read_text()[-2000:]}")
