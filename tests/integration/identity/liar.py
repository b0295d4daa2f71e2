"""A provider that says what a test tells it to: the tokens that no real one would issue."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "sourcebook"


class LyingProvider:
    """Publishes its keys like an honest provider; `tokens` and `userinfo` are what it answers."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256"})
        self.published = [self.key]
        self.tokens: dict[str, Any] = {}
        self.tokens_status = 200
        self.userinfo: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "authorization_response_iss_parameter_supported": True,
        }
        self.asked: list[str] = []

    def claims(self, nonce: str | None, /, **changed: Any) -> dict[str, Any]:
        """Return the claims of an ID token; a change to None takes a claim out."""
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "sub": "mallory",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": "Mallory",
            "groups": ["staff"],
        }
        return {name: value for name, value in {**honest, **changed}.items() if value is not None}

    def logout_claims(self, **changed: Any) -> dict[str, Any]:
        """Return the claims of a logout token."""
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        honest = {"jti": uuid4().hex, "events": event, "name": None, "groups": None}
        return self.claims(None, **{**honest, **changed})

    def signed(self, claims: Mapping[str, Any], **header: Any) -> str:
        """Sign with the published key."""
        return jwt.encode(
            {"alg": "RS256", "kid": self.key.kid, **header},
            dict(claims),
            self.key,
            algorithms=["RS256"],
        )

    def answer(self, path: str) -> tuple[int, Any]:
        """Return status and content for a path."""
        self.asked.append(path)
        if path == "/token":
            return self.tokens_status, self.tokens
        keys = [key.as_dict(private=False) for key in self.published]
        pages = {
            "/.well-known/openid-configuration": self.metadata,
            "/jwks": {"keys": keys},
            "/userinfo": self.userinfo,
        }
        return (200, pages[path]) if path in pages else (404, {})


@contextmanager
def running_liar() -> Iterator[LyingProvider]:
    """Serve a lying provider on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = liar.answer(self.path.partition("?")[0])
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        liar = LyingProvider(server.server_port)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield liar
        finally:
            server.shutdown()
            thread.join()
