"""Sign in from a terminal: trade name and password for a token, kept in a private file."""

import socket
from typing import Annotated

import httpx
import typer
from rich.console import Console

from api.cli.client import DEFAULT_URL, ClientError, Login, login_file, save_login

LIFETIME_DAYS = 90
SCOPES = ["read", "ask", "upload", "edit"]


def login(
    url: Annotated[str, typer.Option(help="The server's address.")] = DEFAULT_URL,
    name: Annotated[str, typer.Option(prompt=True, help="Your user name.")] = "admin",
) -> None:
    """Sign in; a token for 90 days is kept in your configuration folder."""
    password = typer.prompt("Password", hide_input=True)
    address = url.rstrip("/")
    token = _create_token(address, name, password)
    file = save_login(Login(address, token))
    Console().print(f"Signed in to {address}. The token is in {file}.", soft_wrap=True)


def logout() -> None:
    """Forget the token on this machine; revoke it on the server's account page."""
    login_file().unlink(missing_ok=True)
    Console().print("Signed out.")


def _create_token(url: str, name: str, password: str) -> str:
    # The browser's way in, as a browser would go it: the session only makes the token.
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=30) as http:
        try:
            http.post("/v1/session", json={"name": name, "password": password}).raise_for_status()
            wanted = {
                "name": f"command line on {socket.gethostname()}",
                "scopes": SCOPES,
                "expires_in_days": LIFETIME_DAYS,
            }
            created = http.post("/v1/tokens", json=wanted).raise_for_status()
            http.delete("/v1/session")
        except httpx.HTTPStatusError as error:
            raise ClientError(error.response.json()["detail"]) from error
        except httpx.TransportError as error:
            message = f"There is no server at {url}. Start one with `sourcebook serve`."
            raise ClientError(message) from error
    return str(created.json()["token"])
