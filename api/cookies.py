"""The cookies that browsers keep for us: the session, and a sign-in under way."""

from datetime import datetime
from typing import Literal

from fastapi import Response

from api.settings import Settings

SESSION = "sourcebook_session"
SIGN_IN = "sourcebook_sign_in"


def cookie_name(settings: Settings, name: str) -> str:
    """The `__Host-` prefix needs TLS, which loopback does without."""
    return f"__Host-{name}" if settings.secure_cookies else name


def keep_session(response: Response, settings: Settings, secret: str, until: datetime) -> None:
    """Give the browser the secret of its session."""
    _keep(response, settings, SESSION, secret, until, "strict")


def keep_sign_in(response: Response, settings: Settings, secret: str, until: datetime) -> None:
    """Give the browser what ties a sign-in to it; the provider's redirect brings it back."""
    _keep(response, settings, SIGN_IN, secret, until, "lax")


def drop_session(response: Response, settings: Settings) -> None:
    """Take the session's cookie back."""
    # A browser ignores any change of a `__Host-` cookie that lacks the marks it was set with.
    response.delete_cookie(
        cookie_name(settings, SESSION),
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )


def _keep(  # noqa: PLR0917 - one private place with all marks
    response: Response,
    settings: Settings,
    name: str,
    secret: str,
    until: datetime,
    samesite: Literal["lax", "strict"],
) -> None:
    response.set_cookie(
        cookie_name(settings, name),
        secret,
        expires=until,
        path="/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite=samesite,
    )
