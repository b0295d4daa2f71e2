"""Metrics count what all tenants have: only the operator reads them."""

from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Response
from starlette.testclient import TestClient

from api.observability.metrics import Metrics
from api.routes import operations
from api.settings import Settings
from security.errors import NotFound

TOKEN = "a-token-for-prometheus"
NEAR = "127.0.0.1"


def _status(token: str | None, caller: str, headers: dict[str, str]) -> int:
    app = FastAPI()
    app.include_router(operations.router)
    app.add_exception_handler(NotFound, lambda *_: Response(status_code=NotFound.status))
    settings = Settings(metrics_token=token)  # type: ignore[arg-type] - pydantic makes it a secret
    app.state.sourcebook = SimpleNamespace(settings=settings, metrics=Metrics())
    answer = TestClient(app, client=(caller, 1)).get("/metrics", headers=headers)
    assert ("sourcebook_answers" in answer.text) == (answer.status_code == 200)
    return answer.status_code


@pytest.mark.parametrize("caller", [NEAR, "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_without_a_token_who_calls_from_this_machine_reads_them(caller: str) -> None:
    assert _status(None, caller, {}) == 200


@pytest.mark.parametrize("caller", ["10.0.0.1", "203.0.113.7", "fe80::1", "testclient", ""])
def test_without_a_token_nobody_else_does(caller: str) -> None:
    assert _status(None, caller, {}) == 404


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Real-IP", "Via"]
)
def test_what_a_proxy_forwards_does_not_come_from_this_machine(header: str) -> None:
    assert _status(None, NEAR, {header: "127.0.0.1"}) == 404


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (f"Basic {TOKEN}", 404),
        (TOKEN, 404),
        (f"Bearer {TOKEN}x", 404),
        ("Bearer ", 404),
        ("", 404),
        ("Bearer \xe9", 404),
    ],
)
def test_with_a_token_it_alone_counts(authorization: str, status: int) -> None:
    headers = {"Authorization": authorization.encode("latin-1")}
    for caller in (NEAR, "203.0.113.7"):
        assert _status(TOKEN, caller, headers) == status  # type: ignore[arg-type] - bytes do, too


def test_a_token_that_is_too_short_or_empty_is_refused_at_the_start() -> None:
    for token in ("", "short"):
        with pytest.raises(ValueError, match="metrics_token"):
            Settings(metrics_token=token)  # type: ignore[arg-type] - pydantic makes it a secret
