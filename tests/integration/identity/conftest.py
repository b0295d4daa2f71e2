"""One application for all tests of identity, with a certified provider and one that lies."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.integration.identity.glewlwyd import Glewlwyd
from tests.integration.identity.liar import CLIENT, LyingProvider, running_liar
from tests.integration.identity.product import Product, running_product
from tests.integration.identity.provider import Client, OidcProvider
from tests.product import free_port

API = "https://sourcebook.example/api"
ROLES = {"staff": "reader", "chiefs": "owner"}


@pytest.fixture(scope="session")
def liar() -> Iterator[LyingProvider]:
    with running_liar() as running:
        yield running


@pytest.fixture(scope="session")
def _product(
    oidc_provider: OidcProvider,
    glewlwyd: Glewlwyd,
    liar: LyingProvider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Product]:
    port = free_port()
    here = f"http://127.0.0.1:{port}/v1/sign-in/company"
    client = oidc_provider.register(
        redirect_uris=[f"{here}/callback"],
        post_logout_redirect_uris=[f"http://127.0.0.1:{port}/"],
        backchannel_logout_uri=f"{here}/back-channel-logout",
        backchannel_logout_session_required=True,
    )
    company = {
        "id": "company",
        "title": "Company",
        "issuer": oidc_provider.issuer,
        "client_id": client.id,
        "client_secret": client.secret,
        "scopes": ["openid", "profile", "groups"],
        "roles": ROLES,
        "groups": {"writers": "Writers"},
        "api_audience": f"{API}/opaque",
        "api_introspection": True,
    }
    lying = {
        "id": "liar",
        "title": "Liar",
        "issuer": liar.issuer,
        "client_id": CLIENT,
        "client_secret": "secret",
        "roles": ROLES,
        "api_audience": API,
        "api_scope_prefix": "books:",
    }
    other = {
        "id": "other",
        "title": "Other",
        "issuer": glewlwyd.issuer,
        "client_id": CLIENT,
        "client_secret": _other_client(glewlwyd, port).secret,
        "scopes": ["openid"],
        "roles": ROLES,
        "api_audience": API,
    }
    with running_product(
        tmp_path_factory.mktemp("identity") / "data", port, [company, lying, other]
    ) as running:
        yield running


def _other_client(glewlwyd: Glewlwyd, port: int) -> Client:
    callback = f"http://127.0.0.1:{port}/v1/sign-in/other/callback"
    return glewlwyd.register(CLIENT, redirect_uri=[callback])


@pytest.fixture
def product(_product: Product, liar: LyingProvider) -> Iterator[Product]:
    """The application, at the present time and with an honest liar."""
    yield _product
    _product.clock.ahead = timedelta()
    liar.published, liar.tokens, liar.tokens_status = [liar.key], {}, 200
    liar.userinfo = {}
