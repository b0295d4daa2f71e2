"""The whole way on PostgreSQL, where every row stands behind its tenant's fence."""

from pathlib import Path

import httpx

from tests.integration.identity.liar import CLIENT, LyingProvider
from tests.integration.identity.product import running_product
from tests.integration.identity.test_back_channel_logout import send
from tests.integration.identity.test_confirmation import sign_in, status
from tests.product import free_port


def test_sign_in_confirmation_and_logout(
    liar: LyingProvider, fenced_url: str, tmp_path: Path
) -> None:
    provider = {
        "id": "liar",
        "title": "Liar",
        "issuer": liar.issuer,
        "client_id": CLIENT,
        "client_secret": "secret",
        "roles": {"staff": "reader"},
    }
    with running_product(tmp_path, free_port(), [provider], database_url=fenced_url) as product:
        liar.tokens = {"refresh_token": "r"}
        browser: httpx.Client = product.browser()
        assert sign_in(product, liar, browser).status_code == 303
        liar.tokens = {"id_token": liar.signed(liar.claims(None))}
        product.clock.advance(minutes=5)
        assert status(browser) == 200
        assert send(product, liar.signed(liar.logout_claims())).status_code == 200
        assert status(browser) == 401
