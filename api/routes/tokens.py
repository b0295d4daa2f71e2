"""Personal access tokens of the caller."""

from fastapi import APIRouter

from api import schemas
from api.caller import CallerOf

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.get("")
def list_tokens(caller: CallerOf) -> schemas.TokenList:
    """List the caller's tokens, newest first."""
    with caller.reading() as visit:
        found = caller.state.tokens.tokens(visit.session, visit.principal)
    return schemas.TokenList(items=[schemas.Token.model_validate(item) for item in found])


@router.post("", status_code=201)
def create_token(new: schemas.NewToken, caller: CallerOf) -> schemas.CreatedToken:
    """Create a token; it is shown in this answer and never again."""
    with caller.writing() as visit:
        issued = caller.state.tokens.create(
            visit.session, visit.principal, new.name, new.scopes, new.expires_in_days
        )
    info = schemas.Token.model_validate(issued.info)
    return schemas.CreatedToken(**info.model_dump(), token=issued.token)


@router.delete("/{token_id}", status_code=204)
def revoke_token(token_id: str, caller: CallerOf) -> None:
    """Revoke a token; it fails from the next request on."""
    with caller.writing() as visit:
        caller.state.tokens.revoke(visit.session, visit.principal, token_id)
