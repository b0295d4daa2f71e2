"""Put requests on record that were refused for want of a right, or for a thing that is hidden."""

import re
from http import HTTPStatus
from typing import Final

from fastapi import Request

from api.observability.logs import log
from api.state import State, state_of
from security.audit.denials import Denial
from security.errors import InvalidCredentials, SecurityError, TooManyAttempts
from security.oidc.errors import ProviderError
from security.principal import Principal
from security.sign_in import ANONYMOUS

_REFUSALS: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_OPERATION_CHARACTERS_MAX: Final = 64


def remember_caller(request: Request, principal: Principal) -> None:
    """Note who a request turned out to come from."""
    request.state.principal = principal


def record_refusal(request: Request, error: Exception) -> None:
    """Record a refused request; that it is refused stands also if this cannot be written."""
    status, code = getattr(error, "status", None), getattr(error, "code", "")
    if status not in _REFUSALS or isinstance(error, InvalidCredentials | ProviderError):
        return  # a failed sign-in puts itself on record
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None and not _said_who(request, error):
        return
    state = state_of(request)
    denial = Denial(
        tenant_id=principal.tenant_id if principal else state.tenant_id,
        actor=principal.user_id if principal else ANONYMOUS,
        operation=_operation(request),
        code=code,
    )
    _add(state, denial, request)


def _add(state: State, denial: Denial, request: Request) -> None:
    try:
        address = request.client.host if request.client else "unknown"
        state.audit_trail.denials.add(denial, _target(request), address)
    except SecurityError as failure:
        log.error("refusal_not_recorded", error=type(failure).__name__)


def _said_who(request: Request, error: Exception) -> bool:
    """Whether credentials came along, which were refused; without any there is no action."""
    sent = "authorization" in request.headers or bool(request.cookies)
    return sent or isinstance(error, TooManyAttempts)


def _operation(request: Request) -> str:
    path = getattr(request.scope.get("route"), "path", "")
    return f"{request.method} {path}"[:_OPERATION_CHARACTERS_MAX]


def _target(request: Request) -> str | None:
    *_, last = ("", *request.path_params.values())
    return last if isinstance(last, str) and _ID.fullmatch(last) else None
