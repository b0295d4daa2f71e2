"""A real OpenID provider for tests: npm's certified `oidc-provider`, started by node.

The fixture `oidc_provider` (in `tests/conftest.py`) starts one for the whole session:

    def test_something(oidc_provider: OidcProvider) -> None:
        oidc_provider.put_account("ada", name="Ada", groups=["staff"])
        client = oidc_provider.register(redirect_uris=["http://127.0.0.1:8000/callback"])

- Every test registers clients of its own (RFC 7591), so tests do not meet; `register` takes any
  client metadata, such as `grant_types=["client_credentials"], redirect_uris=[],
  response_types=[]` or `token_endpoint_auth_method="private_key_jwt", jwks={...}`.
- A token request with `resource=https://any.example/api` and `scope=read ask` gets a JWT access
  token (RFC 9068) whose audience is the resource; a resource that ends with `/opaque` gets an
  opaque one, to be introspected. `metadata` holds the addresses of all endpoints.
- `sign_in` goes through the provider's pages as a person's browser does.
- `remove_account` makes the provider refuse to refresh that account's tokens.

`make test` installs its packages; for one test run alone: `make identity-provider`.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.product import free_port

FOLDER = Path(__file__).parent / "oidc_provider"
REDIRECTS_MAX = 10


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows a client by."""

    id: str
    secret: str = field(repr=False)


@dataclass
class OidcProvider:
    """A running provider, and the hands of whoever administers it."""

    issuer: str

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Its discovery document."""
        answer = httpx.get(f"{self.issuer}/.well-known/openid-configuration")
        return dict(answer.raise_for_status().json())

    def put_account(self, subject: str, **claims: Any) -> None:
        """Let someone sign in as `subject`, with these claims from now on."""
        httpx.put(self._account(subject), json=claims).raise_for_status()

    def remove_account(self, subject: str) -> None:
        """Take the account away, with every token that it could still refresh."""
        httpx.delete(self._account(subject)).raise_for_status()

    def register(self, **metadata: Any) -> Client:
        """Make a client; by default one that signs people in and refreshes its tokens."""
        wanted = {"grant_types": ["authorization_code", "refresh_token"], **metadata}
        answer = httpx.post(self.metadata["registration_endpoint"], json=wanted)
        assert answer.is_success, answer.text
        made = answer.json()
        return Client(made["client_id"], made.get("client_secret", ""))

    def sign_in(self, browser: httpx.Client, url: str, account: str) -> str:
        """Follow an authorization request as a browser does; return where it ends up.

        That is an address elsewhere, of the client, which is not called. Whoever has signed in
        with this `browser` before is not asked again.
        """
        for _ in range(REDIRECTS_MAX):
            answer = browser.get(url)
            if answer.is_success and "/interaction/" in url:
                answer = browser.post(url, data={"account": account})
            assert answer.is_redirect, answer.text
            url = str(answer.url.join(answer.headers["location"]))
            if urlsplit(url).netloc != urlsplit(self.issuer).netloc:
                return url
        pytest.fail("the provider redirects without end")

    def _account(self, subject: str) -> str:
        return f"{self.issuer}/test/accounts/{subject}"


@contextmanager
def running_oidc_provider(log: Path) -> Iterator[OidcProvider]:
    """Start the provider on a free port of loopback; it ends with the block."""
    if not (FOLDER / "node_modules").is_dir():
        pytest.fail("The identity provider is not installed: make identity-provider")
    port = free_port()
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["node", FOLDER / "server.mjs", str(port)],
            stdin=subprocess.PIPE,  # it ends with this
            stdout=subprocess.PIPE,
            stderr=output,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready == b"ready\n", log.read_text()
        yield OidcProvider(f"http://127.0.0.1:{port}")
        process.stdin.close()
