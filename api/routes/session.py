"""Sign in and out in a browser; the secret lives in a cookie that scripts cannot read."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api import schemas
from api.caller import Caller, CallerOf, refuse_foreign_page
from api.cookies import drop_session, keep_session
from api.state import StateOf
from security.errors import Forbidden
from security.principal import Principal
from security.sessions import StartedSession
from security.tables import User

router = APIRouter(prefix="/v1/session", tags=["session"])


@router.post("")
def sign_in(
    form: schemas.SignIn, request: Request, response: Response, state: StateOf
) -> schemas.SessionView:
    """Start a session with a local account's name and password."""
    refuse_foreign_page(request)
    started = state.sign_in.sign_in(state.tenant_id, form.name, form.password, _address(request))
    keep_session(response, state.settings, started.secret, started.expires_at)
    return _view(started.principal)


@router.get("")
def get_session(caller: CallerOf, response: Response) -> schemas.SessionView:
    """Return who is signed in, and keep a session in use from ending."""
    with caller.reading() as visit:
        view = _view(visit.principal)
        user = visit.session.get(User, visit.principal.user_id)
        view.has_password = user is not None and user.password_hash is not None
    view.sign_out_url = _sign_out_url(caller)
    _renew(caller, response)
    return view


@router.delete("", status_code=204)
def sign_out(caller: CallerOf, response: Response) -> None:
    """End the session."""
    if caller.cookie is not None:
        with caller.state.database.transaction() as session:
            caller.state.sessions.end(session, caller.cookie)
    drop_session(response, caller.state.settings)


@router.put("/password", status_code=204)
async def change_password(
    form: schemas.PasswordChange, request: Request, response: Response, caller: CallerOf
) -> None:
    """Change one's own password; every other session of the person ends."""
    started = await run_in_threadpool(_change_password, caller, form, _address(request))
    keep_session(response, caller.state.settings, started.secret, started.expires_at)


def _change_password(caller: Caller, form: schemas.PasswordChange, address: str) -> StartedSession:
    with caller.reading() as visit:
        principal = visit.principal
    if principal.scopes is not None:  # a token must not become a session
        raise Forbidden
    return caller.state.sign_in.change_password(principal, form.current, form.new, address)


def _renew(caller: Caller, response: Response) -> None:
    if caller.cookie is None:
        return
    with caller.state.database.reading() as session:
        due = caller.state.sessions.authenticate(session, caller.cookie).renewal_due
    if not due:
        return
    with caller.state.database.transaction() as session:
        expires_at = caller.state.sessions.renew(session, caller.cookie)
    keep_session(response, caller.state.settings, caller.cookie, expires_at)


def _sign_out_url(caller: Caller) -> str | None:
    provider = caller.state.oidc.sessions.provider_of(caller.cookie) if caller.cookie else None
    if provider is None or not provider.sign_out_at_provider:
        return None
    return f"v1/sign-in/{provider.id}/sign-out"


def _view(principal: Principal) -> schemas.SessionView:
    user = schemas.SignedIn(
        id=principal.user_id,
        name=principal.name,
        role=principal.role(),
        verbs=sorted(principal.verbs()),
    )
    return schemas.SessionView(user=user)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
