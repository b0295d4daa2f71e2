"""Provisioning tokens, for those who administer the tenant."""

from fastapi import APIRouter

from api import oauth_schemas
from api.caller import CallerOf

router = APIRouter(prefix="/v1/scim-tokens", tags=["scim"])


@router.get("")
def list_scim_tokens(caller: CallerOf) -> oauth_schemas.ScimTokenList:
    """List the tokens of directories, newest first."""
    with caller.reading() as visit:
        found = caller.state.scim_tokens.tokens(visit.session, visit.principal)
    items = [oauth_schemas.ScimToken.model_validate(item) for item in found]
    return oauth_schemas.ScimTokenList(items=items)


@router.post("", status_code=201)
def create_scim_token(
    new: oauth_schemas.NewScimToken, caller: CallerOf
) -> oauth_schemas.CreatedScimToken:
    """Create a token for a directory; it is shown in this answer and never again."""
    with caller.writing() as visit:
        issued = caller.state.scim_tokens.create(
            visit.session, visit.principal, new.name, new.expires_in_days, new.issuer
        )
    info = oauth_schemas.ScimToken.model_validate(issued.info)
    return oauth_schemas.CreatedScimToken(**info.model_dump(), token=issued.token)


@router.delete("/{token_id}", status_code=204)
def revoke_scim_token(token_id: str, caller: CallerOf) -> None:
    """Revoke a token; it fails from the next request on. Whom it brought stays."""
    with caller.writing() as visit:
        caller.state.scim_tokens.revoke(visit.session, visit.principal, token_id)
