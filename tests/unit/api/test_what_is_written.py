"""What a request leaves in the log and on record, without a server: narrow enough for mutations."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.observability.logs import configure_logs
from api.observability.requests import SECURITY_HEADERS

CANARY = "zqcanary"


@pytest.fixture
def client(
    open_browser: Callable[..., TestClient], sign_in: Callable[[TestClient], Any]
) -> TestClient:
    browser = open_browser("http://localhost:8000")
    sign_in(browser)
    return browser


@pytest.fixture
def _logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level


def test_the_line_of_a_request_holds_no_word_of_it(client: TestClient) -> None:
    with capture_logs() as lines:
        client.get(f"/v1/documents/{CANARY}?name={CANARY}", headers={"User-Agent": CANARY})
    (line,) = [line for line in lines if line["event"] == "request"]
    assert line["route"] == "/v1/documents/{document_id}"
    assert CANARY not in repr(lines)


@pytest.mark.usefixtures("_logging_restored")
def test_the_log_names_an_exception_and_does_not_quote_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info")
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("a library").exception("It failed")
    written = capsys.readouterr().err
    assert json.loads(written)["error"] == "ValueError"
    assert CANARY not in written


def test_a_refused_request_is_on_record(client: TestClient, tmp_path: Any) -> None:
    assert client.get("/v1/documents/none").status_code == 404
    engine = create_engine(f"sqlite:///{tmp_path}/data/sourcebook.db")
    with engine.connect() as rows:
        query = text("SELECT action FROM audit_entries WHERE outcome = 'denied'")
        assert list(rows.scalars(query)) == ["GET /v1/documents/{document_id}"]
    engine.dispose()


def test_nothing_but_our_own_is_loaded_run_or_framed() -> None:
    """Held here word by word: other tests compare responses with this very policy."""
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    sources = {
        name: rest.split()
        for name, _, rest in (d.strip().partition(" ") for d in policy.split(";"))
    }
    assert sources.pop("default-src") == ["'none'"]
    assert {"'none'", "'self'", "data:", "blob:"} >= {
        one for rest in sources.values() for one in rest
    }
    assert sources["script-src"] == sources["style-src"] == sources["connect-src"] == ["'self'"]
    closed = ("base-uri", "form-action", "frame-ancestors")
    assert [sources[name] for name in closed] == [["'none'"]] * 3
