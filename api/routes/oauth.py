"""Our own authorization server: the token endpoint, its keys and its description."""

from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api import oauth_schemas
from api.problems import ApiError
from api.requests import body_within, client_address
from api.state import StateOf
from security.oauth.client_authentication import METHODS
from security.oauth.public_keys import ALGORITHMS
from security.oauth.token_endpoint import GRANT, PATH, TokenRequest
from security.principal import Verb

router = APIRouter(tags=["oauth2"])

_FORM = "application/x-www-form-urlencoded"
_FORM_BYTES_MAX = 64 * 1024
_FIELDS_MAX = 20
_JWKS_PATH = "/oauth2/jwks"
_REQUEST = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": [GRANT]},
                        "scope": {"type": "string", "description": "Verbs, with spaces between."},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string"},
                        "client_assertion_type": {"type": "string"},
                        "client_assertion": {"type": "string"},
                    },
                }
            }
        },
    },
    "security": [{"ClientSecretBasic": []}, {}],
}


@router.post(
    PATH,
    openapi_extra=_REQUEST,
    response_model=oauth_schemas.AccessToken,
    responses={
        400: {"model": oauth_schemas.OAuthError, "description": "RFC 6749, section 5.2."},
        401: {"model": oauth_schemas.OAuthError, "description": "`invalid_client`."},
    },
)
async def token(request: Request, state: StateOf) -> JSONResponse:
    """Give a service account a short-lived access token (RFC 6749, section 4.4; RFC 9068)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise ApiError(415, "unsupported_media_type", f"Send the parameters as {_FORM}.")
    body = await body_within(request, _FORM_BYTES_MAX)
    try:
        form = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict"
        )
    except ValueError as error:
        raise ApiError(400, "invalid_request", "The form cannot be read.") from error
    wanted = TokenRequest(form, request.headers.get("authorization"), client_address(request))
    answer = await run_in_threadpool(state.token_endpoint.respond, wanted)
    return JSONResponse(dict(answer.body), answer.status, dict(answer.headers))


@router.get(_JWKS_PATH)
def keys(state: StateOf) -> oauth_schemas.KeySet:
    """Serve the public keys that verify our access tokens (RFC 7517)."""
    with state.database.reading(state.tenant_id) as session:
        return oauth_schemas.KeySet(keys=state.signing_keys.public(session, state.tenant_id))


@router.get("/.well-known/oauth-authorization-server")
def metadata(state: StateOf) -> oauth_schemas.ServerMetadata:
    """Describe the authorization server (RFC 8414)."""
    issuer = state.settings.issuer
    return oauth_schemas.ServerMetadata(
        issuer=issuer,
        token_endpoint=issuer + PATH,
        jwks_uri=issuer + _JWKS_PATH,
        grant_types_supported=[GRANT],
        response_types_supported=[],
        scopes_supported=sorted(Verb),
        token_endpoint_auth_methods_supported=list(METHODS),
        token_endpoint_auth_signing_alg_values_supported=list(ALGORITHMS),
        service_documentation=f"{issuer}/docs",
    )
