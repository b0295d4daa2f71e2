"""Who may read the metrics: they count what all tenants have, so the operator alone."""

import hmac
from ipaddress import IPv6Address, ip_address

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import SecretStr

from security.errors import NotFound

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""What proxies add: a request with one of them only seems to come from this machine."""


def require_operator(request: Request, token: SecretStr | None) -> None:
    """Let through who has the token or, when none is set, who calls from this machine.

    Raises:
        NotFound: anybody else; they need not know that there is anything.
    """
    if not (_is_near(request) if token is None else _has(request, token)):
        raise NotFound


def _has(request: Request, token: SecretStr) -> bool:
    scheme, sent = get_authorization_scheme_param(request.headers.get("authorization"))
    is_token = hmac.compare_digest(sent.encode(), token.get_secret_value().encode())
    return scheme.lower() == "bearer" and is_token


def _is_near(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
