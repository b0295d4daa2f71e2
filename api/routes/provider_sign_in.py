"""Sign in through an identity provider: the browser sees redirects and our cookie, no token."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api import schemas
from api.caller import refuse_foreign_page
from api.cookies import SESSION, SIGN_IN, cookie_name, keep_session, keep_sign_in
from api.problems import problem_of
from api.state import State, StateOf
from security.oidc.errors import ProviderError
from security.oidc.sign_in import Answer

router = APIRouter(prefix="/v1/sign-in", tags=["session"])

_Parameter = Annotated[str | None, Query(max_length=4096)]
_LogoutToken = Annotated[str, Form(max_length=64 * 1024)]
_HTML = "text/html"


@router.get("")
def list_ways(state: StateOf) -> schemas.WaysToSignIn:
    """List the ways to sign in: with a password, and through each identity provider."""
    providers = [
        schemas.IdentityProvider(id=provider.id, title=provider.title)
        for provider in state.oidc.providers
    ]
    password = state.settings.security.sessions.password_sign_in
    return schemas.WaysToSignIn(password=password, providers=providers)


@router.post("/{provider}")
def begin_sign_in(
    provider: str,
    form: schemas.BeginSignIn,
    request: Request,
    response: Response,
    state: StateOf,
) -> schemas.BegunSignIn:
    """Begin a sign-in; the browser goes to the returned address."""
    refuse_foreign_page(request)
    settings = state.settings
    browser = request.cookies.get(cookie_name(settings, SIGN_IN))
    begun = state.oidc.sign_in.begin(
        state.tenant_id, provider, form.next, browser, _callback(state, provider)
    )
    life = timedelta(seconds=settings.security.oidc.sign_in_seconds_max)
    keep_sign_in(response, settings, begun.browser, state.clock() + life)
    return schemas.BegunSignIn(url=begun.url)


@router.get("/{provider}/callback", status_code=303, response_class=RedirectResponse)
def end_sign_in(  # noqa: PLR0917 - the parameters of RFC 6749 and RFC 9207 as they come
    provider: str,
    request: Request,
    app: StateOf,
    state: _Parameter = None,
    code: _Parameter = None,
    error: _Parameter = None,
    iss: _Parameter = None,
) -> Response:
    """Take the provider's answer from the browser, start a session and go on to the page.

    A browser is led back to the sign-in page with the problem's code; other clients get the
    problem itself.
    """
    # RFC 6749, section 3.1: a parameter that comes twice makes an answer that counts for nothing.
    is_ambiguous = len(request.query_params.multi_items()) > len(request.query_params)
    answer = Answer(
        state=None if is_ambiguous else state,
        code=code,
        error=error,
        issuer=iss,
        browser=request.cookies.get(cookie_name(app.settings, SIGN_IN)),
        session=request.cookies.get(cookie_name(app.settings, SESSION)),
        address=request.client.host if request.client else "unknown",
    )
    try:
        ended = app.oidc.sign_in.end(app.tenant_id, provider, answer, _callback(app, provider))
    except ProviderError as refused:
        if _HTML not in request.headers.get("accept", ""):
            raise
        return _redirect(f"{app.settings.base_url}/#/sign-in/{problem_of(refused).code}")
    response = _redirect(app.settings.base_url + ended.next_page)
    keep_session(response, app.settings, ended.started.secret, ended.started.expires_at)
    return response


@router.get("/{provider}/sign-out", status_code=303, response_class=RedirectResponse)
def sign_out_at_provider(provider: str, state: StateOf) -> Response:
    """Go on to the provider's own sign-out, after ours; without one, to the sign-in page."""
    back_to = f"{state.settings.base_url}/"
    connection = state.oidc.sign_in.connection(provider)
    try:
        return _redirect(connection.sign_out_url(back_to) or back_to)
    except ProviderError:
        return _redirect(back_to)


@router.post("/{provider}/back-channel-logout", response_class=Response)
def back_channel_logout(
    provider: str, logout_token: _LogoutToken, request: Request, state: StateOf
) -> Response:
    """End the sessions that the provider's logout token names (called by the provider)."""
    connection = state.oidc.sign_in.connection(provider)
    address = request.client.host if request.client else "unknown"
    state.oidc.logout.obey(state.tenant_id, connection, logout_token, address)
    return Response(headers={"Cache-Control": "no-store"})


def _callback(state: State, provider: str) -> str:
    return f"{state.settings.base_url}/v1/sign-in/{provider}/callback"


def _redirect(url: str) -> Response:
    # Neither kept nor passed on: the address that led here holds the provider's code.
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(url, 303, headers)
