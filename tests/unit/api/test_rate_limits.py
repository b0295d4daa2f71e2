"""Rate limits over HTTP: header fields, and a problem that says when to come back."""

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient


def test_requests_are_counted_and_then_refused(
    open_browser: Callable[..., TestClient], sign_in: Callable[[TestClient], Any]
) -> None:
    client = open_browser("http://localhost:8000", requests_per_minute_per_user=3)
    sign_in(client)
    assert "ratelimit" not in client.get("/healthz").headers
    for left in (2, 1, 0):
        headers = client.get("/v1/session").headers
        assert headers["ratelimit-policy"] == '"user";q=3;w=60'
        assert headers["ratelimit"].startswith(f'"user";r={left};t=')
    refused = client.get("/v1/session")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 120
