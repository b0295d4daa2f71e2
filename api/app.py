"""The web application: routes, errors, observation, the page, one lifespan."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api.edge import Edge
from api.observability.metrics import Metrics
from api.observability.requests import RequestObserver
from api.problems import MEDIA_TYPE, Problem, install_problem_handlers
from api.routes import (
    answers,
    audit,
    collections,
    conversations,
    documents,
    evaluations,
    groups,
    oauth,
    operations,
    permissions,
    personal_data,
    provider_sign_in,
    queue,
    scim,
    scim_tokens,
    search,
    service_accounts,
    session,
    sources,
    tokens,
    users,
)
from api.settings import Settings
from api.state import State
from api.static_files import install_page
from api.version import VERSION
from api.wiring import close_state
from security.oauth.token_endpoint import PATH
from security.principal import Verb

RESOURCES = (
    search,  # requests are compared with them in this order
    answers,
    session,
    provider_sign_in,
    users,
    personal_data,
    groups,
    tokens,
    service_accounts,
    oauth,
    scim_tokens,
    collections,
    documents,
    queue,
    permissions,
    sources,
    conversations,
    evaluations,
    audit,
)

_PROBLEM = {"model": Problem, "description": "A problem (RFC 9457)."}


def create_app(settings: Settings, build: Callable[[Metrics], State]) -> FastAPI:
    """Assemble the application; `build` is called when it starts, in a thread."""
    metrics = Metrics()
    app = FastAPI(
        title="Sourcebook",
        version=VERSION,
        summary="Ask your organisation's documents; every claim points to its source.",
        lifespan=_lifespan(settings, lambda: build(metrics)),
        docs_url=None,
        redoc_url=None,
    )
    for resource in RESOURCES:
        app.include_router(resource.router, responses={"4XX": _PROBLEM, "5XX": _PROBLEM})
    app.include_router(operations.router, responses={"4XX": _PROBLEM, "5XX": _PROBLEM})
    app.include_router(scim.router)
    app.add_middleware(Edge, settings=settings)
    app.add_middleware(RequestObserver, metrics=metrics, secure=settings.secure_cookies)
    install_problem_handlers(app)
    install_page(app)
    _describe_problems(app)
    return app


_BY_OAUTH: dict[str, list[str]] = {"OAuth2": []}
_OAUTH = {
    "OAuth2": {
        "type": "oauth2",
        "description": "A service account's token; OAuth 2.0 Authorization Server Metadata "
        "(RFC 8414) is at `/.well-known/oauth-authorization-server`.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": PATH,
                "scopes": {verb: f"may {verb}" for verb in Verb},
            }
        },
    },
    "ClientSecretBasic": {
        "type": "http",
        "scheme": "basic",
        "description": "A service account's id and secret, at the token endpoint only.",
    },
}


def _describe_problems(app: FastAPI) -> None:
    """Name the media type of errors in the OpenAPI document, where FastAPI writes plain JSON."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        document["components"]["securitySchemes"] |= _OAUTH
        for operations_of_path in document["paths"].values():
            for operation in operations_of_path.values():
                _offer_oauth(operation)
                for failure in ("4XX", "5XX"):
                    content = operation["responses"].get(failure, {}).get("content", {})
                    if "application/json" in content:
                        content[MEDIA_TYPE] = content.pop("application/json")
        return document

    app.openapi = described  # type: ignore[method-assign]


def _offer_oauth(operation: dict[str, Any]) -> None:
    offered = operation.get("security", [])
    if {"HTTPBearer": []} in offered and _BY_OAUTH not in offered:
        offered.append(_BY_OAUTH)


def _lifespan(
    settings: Settings, build: Callable[[], State]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = settings.requests_in_threads_max
        state = await run_in_threadpool(build)
        app.state.sourcebook = state
        app.state.upload_slots = asyncio.Semaphore(settings.uploads_in_memory_max)
        try:
            yield
        finally:
            await run_in_threadpool(close_state, state)

    return lifespan
