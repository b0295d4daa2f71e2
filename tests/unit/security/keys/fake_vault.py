"""A server that speaks Vault's HTTP API for exactly the calls that the product makes.

It is not Vault: it shows that our requests have the documented form and that each documented answer
is understood. Set its fields to make it sealed, old, slow or strange.
"""

import base64
import json
import os
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROLE, SECRET = "role-1", "secret-1"


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class FakeVault:
    """One transit engine at `mount` with one key, tokens, and an AppRole."""

    mount: str = "transit"
    name: str = "sourcebook"
    namespace: str | None = None
    kind: str = "aes256-gcm96"
    derived: bool = False
    tokens: set[str] = field(default_factory=lambda: {"root"})
    versions: list[AESGCM] = field(default_factory=lambda: [AESGCM(os.urandom(32))])
    min_decryption_version: int = 1
    ignores_associated_data: bool = False  # as before version 1.13
    failing: list[int] = field(default_factory=list)  # statuses of the next answers
    answer: Any = None  # instead of every answer
    requests: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    url: str = ""

    def handle(
        self, method: str, path: str, token: str | None, namespace: str | None, body: dict[str, Any]
    ) -> Any:
        self.requests.append((method, path, body))
        if self.failing:
            raise Refused(self.failing.pop(0), "as told")
        if self.answer is not None:
            return self.answer
        if namespace != self.namespace:
            raise Refused(404, "no handler for route")
        if (method, path) == ("POST", "/v1/auth/approle/login"):
            return self._login(body)
        if token not in self.tokens:
            raise Refused(403, "permission denied")
        found = re.fullmatch(rf"/v1/{self.mount}/(\w+)/(\w+)(?:/(\w+))?", path)
        if found is None or found[2] != self.name:
            raise Refused(404 if method == "GET" else 400, "encryption key not found")
        calls = {
            ("GET", "keys", None): self._key,
            ("POST", "encrypt", None): self._encrypt,
            ("POST", "decrypt", None): self._decrypt,
            ("POST", "keys", "rotate"): self._rotate,
            ("POST", "keys", "config"): self._configure,
        }
        return calls[method, found[1], found[3]](body)

    def _login(self, body: dict[str, Any]) -> Any:
        if (body["role_id"], body["secret_id"]) != (ROLE, SECRET):
            raise Refused(400, "invalid role or secret ID")
        token = f"token-{len(self.tokens)}"
        self.tokens.add(token)
        return {"auth": {"client_token": token, "lease_duration": 1200, "renewable": True}}

    def _key(self, _body: dict[str, Any]) -> Any:
        return {
            "data": {
                "type": self.kind,
                "derived": self.derived,
                "latest_version": len(self.versions),
                "min_decryption_version": self.min_decryption_version,
                "name": self.name,
            }
        }

    def _encrypt(self, body: dict[str, Any]) -> Any:
        nonce = os.urandom(12)
        text = self.versions[-1].encrypt(nonce, _bytes(body["plaintext"]), self._bound(body))
        encoded = base64.b64encode(nonce + text).decode()
        return {"data": {"ciphertext": f"vault:v{len(self.versions)}:{encoded}"}}

    def _decrypt(self, body: dict[str, Any]) -> Any:
        found = re.fullmatch(r"vault:v(\d+):(.+)", body["ciphertext"])
        if found is None:
            raise Refused(400, "invalid ciphertext: no prefix")
        version = int(found[1])
        if not self.min_decryption_version <= version <= len(self.versions):
            raise Refused(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            sealed = _bytes(found[2])
            key = self.versions[version - 1]
            text = key.decrypt(sealed[:12], sealed[12:], self._bound(body))
        except (InvalidTag, ValueError):
            raise Refused(400, "cipher: message authentication failed") from None
        return {"data": {"plaintext": base64.b64encode(text).decode()}}

    def _rotate(self, _body: dict[str, Any]) -> Any:
        self.versions.append(AESGCM(os.urandom(32)))

    def _configure(self, body: dict[str, Any]) -> Any:
        self.min_decryption_version = body["min_decryption_version"]

    def _bound(self, body: dict[str, Any]) -> bytes:
        return b"" if self.ignores_associated_data else _bytes(body.get("associated_data", ""))


def _bytes(encoded: str) -> bytes:
    return base64.b64decode(encoded, validate=True)


@contextmanager
def serving(vault: FakeVault, tls: ssl.SSLContext | None = None) -> Iterator[FakeVault]:
    """Answer on a port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self._answer(json.loads(self.rfile.read(length) or b"{}"))

        def _answer(self, body: dict[str, Any]) -> None:
            token = self.headers.get("X-Vault-Token")
            namespace = self.headers.get("X-Vault-Namespace")
            try:
                answer, status = vault.handle(self.command, self.path, token, namespace, body), 200
            except Refused as refused:
                answer, status = {"errors": [str(refused)]}, refused.status
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status if content else 204)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    vault.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield vault
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
