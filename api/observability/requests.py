"""One log line and one measurement a request, and the response headers that never change."""

import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

import structlog
from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.observability.logs import log
from api.observability.metrics import Metrics
from security.quotas.rates import WINDOW_SECONDS, Rate

_tracer = trace.get_tracer("sourcebook.api")

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
}
"""Of every response."""

API_HEADERS = {
    # What a route returns is data: shown by itself, it may load and run nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "no-store",
}
"""Of what lies below `API_PATHS`, unless a route says otherwise."""

API_PATHS = ("/v1/", "/metrics", "/healthz", "/readyz", "/openapi.json")

TLS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
"""Where browsers reach this server over TLS."""


class RequestObserver:
    """ASGI middleware; plain ASGI, so that streamed answers pass through piece by piece."""

    def __init__(self, app: ASGIApp, metrics: Metrics, *, secure: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = SECURITY_HEADERS | (TLS_HEADERS if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Observe one HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4().hex
        status = 500

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, self._headers_for(scope, request_id))
            await send(message)

        started = time.perf_counter()
        try:
            with (
                # Exceptions may quote what a user wrote, so a span does not record them.
                _tracer.start_as_current_span(
                    "request", record_exception=False, set_status_on_exception=False
                ),
                structlog.contextvars.bound_contextvars(request_id=request_id),
            ):
                await self._app(scope, receive, send_observed)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _headers_for(self, scope: Scope, request_id: str) -> dict[str, str]:
        data = API_HEADERS if scope["path"].startswith(API_PATHS) else {}
        rates = _rate_headers(scope.get("state", {}).get("rates", ()))
        return self._headers | data | rates | {"X-Request-Id": request_id}

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern, not the path: paths hold ids and would make endless label values.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"]
        self._metrics.requests.labels(method, route, str(status)).observe(seconds)
        log.info("request", method=method, route=route, status=status, seconds=round(seconds, 4))


def _rate_headers(rates: Sequence[Rate]) -> dict[str, str]:
    """Name what is left of the caller's own limits (IETF draft on RateLimit header fields).

    The tenant's is left out: it would tell how busy all others are.
    """
    own = [rate for rate in rates if rate.policy != "tenant"]
    if not own:
        return {}
    policies = (f'"{rate.policy}";q={rate.quota};w={WINDOW_SECONDS}' for rate in own)
    left = (f'"{rate.policy}";r={rate.remaining};t={rate.reset_seconds}' for rate in own)
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}


def _add_headers(message: Message, extra: Mapping[str, str]) -> None:
    headers = list(message.get("headers", []))
    present = {name.lower() for name, _ in headers}
    headers += [
        (name.lower().encode(), value.encode())
        for name, value in extra.items()
        if name.lower().encode() not in present
    ]
    message["headers"] = headers
