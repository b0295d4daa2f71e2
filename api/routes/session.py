"""Sign in and out in a browser; the secret lives in a cookie that scripts cannot read."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api import schemas
from api.caller import Caller, CallerOf, cookie_name, refuse_foreign_page
from api.state import StateOf
from security.errors import Forbidden
from security.principal import Principal
from security.sessions import StartedSession

router = APIRouter(prefix="/v1/session", tags=["session"])


@router.post("")
def sign_in(
    form: schemas.SignIn, request: Request, response: Response, state: StateOf
) -> schemas.SessionView:
    """Start a session with a local account's name and password."""
    refuse_foreign_page(request)
    started = state.sign_in.sign_in(state.tenant_id, form.name, form.password, _address(request))
    _set_cookie(response, cookie_name(state), started, secure=state.settings.secure_cookies)
    return _view(started.principal)


@router.get("")
def get_session(caller: CallerOf, response: Response) -> schemas.SessionView:
    """Return who is signed in, and keep a session in use from ending."""
    with caller.reading() as visit:
        view = _view(visit.principal)
    _renew(caller, response)
    return view


@router.delete("", status_code=204)
def sign_out(caller: CallerOf, response: Response) -> None:
    """End the session."""
    if caller.cookie is not None:
        with caller.state.database.transaction() as session:
            caller.state.sessions.end(session, caller.cookie)
    # A browser ignores any change of a `__Host-` cookie that lacks the marks it was set with.
    response.delete_cookie(
        cookie_name(caller.state),
        path="/",
        secure=caller.state.settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )


@router.put("/password", status_code=204)
async def change_password(
    form: schemas.PasswordChange, request: Request, response: Response, caller: CallerOf
) -> None:
    """Change one's own password; every other session of the person ends."""
    started = await run_in_threadpool(_change_password, caller, form, _address(request))
    secure = caller.state.settings.secure_cookies
    _set_cookie(response, cookie_name(caller.state), started, secure=secure)


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
        opened = caller.state.sessions.authenticate(session, caller.cookie)
    renewed = StartedSession(opened.principal, expires_at, caller.cookie)
    secure = caller.state.settings.secure_cookies
    _set_cookie(response, cookie_name(caller.state), renewed, secure=secure)


def _set_cookie(response: Response, name: str, started: StartedSession, *, secure: bool) -> None:
    response.set_cookie(
        name,
        started.secret,
        expires=started.expires_at,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


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
