"""The OpenAPI document says what the routes do: schemathesis sends what it allows, and compares.

`make fuzz` sends more of it: FUZZ_EXAMPLES to each route, with another seed each time.
"""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.python.asgi import get_client

from api.app import create_app
from api.settings import Settings
from tests.integration.matrix.expectations import EXPECTED, Caller
from tests.integration.matrix.installation import Installation
from tests.integration.matrix.things import named_things
from tests.integration.noninterference.world import URL

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
"""To each route."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
pytestmark = pytest.mark.xdist_group("matrix")


@pytest.fixture(scope="module")
def described() -> Any:
    app = create_app(Settings(), lambda _: None)  # type: ignore[arg-type, return-value]
    document = app.openapi()
    del document["components"]["securitySchemes"]  # credentials are the installation's
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return schemathesis.openapi.from_dict(document)


@pytest.fixture(scope="module")
def session(installation: Installation) -> Iterator[Any]:
    async def running(scope: Any, receive: Any, send: Any) -> None:
        """Pass requests on to the application, which is started already."""
        if scope["type"] != "lifespan":
            near = scope | {"client": ("127.0.0.1", 1)}
            await installation.client.app(near, receive, send)
            return
        for moment in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{moment}.complete"})

    with get_client(running) as client:
        yield client


@pytest.mark.parametrize("route", EXPECTED)
def test_a_route_answers_as_the_document_says(
    installation: Installation, described: Any, session: Any, route: str
) -> None:
    method, path = route.split(" ")
    operation = described[path][method]
    caller = _who_may(installation, route)
    things = named_things(path, installation.ours)

    @settings(
        max_examples=EXAMPLES,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(path_parameters=things))
    def check(case: Any) -> None:
        with nullcontext() if EXPECTED[route].lasts else installation.undone():
            response = case.call(base_url=URL, session=session, headers=caller.headers)
        case.validate_response(response, checks=CHECKS)

    before = installation.rows()
    check()
    assert EXPECTED[route].lasts or installation.rows() == before


def _who_may(installation: Installation, route: str) -> Caller:
    wanted = {"directory": "directory", "own": "reader"}.get(EXPECTED[route].place, "owner")
    return next(caller for caller in installation.callers if caller.name == wanted)
