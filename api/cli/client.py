"""A small HTTP client of our own API, as any other program would write it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

TOKEN_FILE_MODE = 0o600
DEFAULT_URL = "http://127.0.0.1:8000"


class ClientError(Exception):
    """What the server said was wrong, or that it could not be reached."""


@dataclass(frozen=True, slots=True)
class Login:
    """Which server, and the token to show it."""

    url: str
    token: str


def login_file() -> Path:
    """Where `sourcebook login` keeps the token."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "sourcebook" / "login.json"


def save_login(login: Login) -> Path:
    """Write the login so that nobody else can read it."""
    file = login_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, TOKEN_FILE_MODE)
    with os.fdopen(descriptor, "w") as stream:
        json.dump({"url": login.url, "token": login.token}, stream)
    return file


def read_login() -> Login:
    """Read the login: SOURCEBOOK_URL and SOURCEBOOK_TOKEN win over the file.

    Raises:
        ClientError: nobody signed in.

    """
    stored: dict[str, str] = {}
    if login_file().is_file():
        stored = json.loads(login_file().read_text())
    url = os.environ.get("SOURCEBOOK_URL") or stored.get("url", DEFAULT_URL)
    token = os.environ.get("SOURCEBOOK_TOKEN") or stored.get("token")
    if not token:
        message = "Sign in first: `sourcebook login`, or set SOURCEBOOK_TOKEN."
        raise ClientError(message)
    return Login(url.rstrip("/"), token)


class Client:
    """Calls the API with a bearer token; errors come as `ClientError` in words."""

    def __init__(self, login: Login) -> None:
        self._http = httpx.Client(
            base_url=login.url,
            headers={"Authorization": f"Bearer {login.token}"},
            timeout=httpx.Timeout(30, read=600),
        )

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Call and return the decoded body, None when there is none."""
        with _reachable():
            response = self._http.request(method, path, **options)
        _refuse_problem(response)
        return response.json() if response.content else None

    def events(self, path: str, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Post and yield server-sent events as (name, data)."""
        with _reachable(), self._http.stream("POST", path, json=body) as response:
            if response.is_error:
                response.read()
            _refuse_problem(response)
            name = ""
            for line in response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    yield name, json.loads(value)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        message = "The server cannot be reached. Does it run? Start it with `sourcebook serve`."
        raise ClientError(message) from error


def _refuse_problem(response: httpx.Response) -> None:
    if not response.is_error:
        return
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"The server answered with status {response.status_code}."
    raise ClientError(detail)
