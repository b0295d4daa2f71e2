"""Accounts of programs, for those who administer the tenant."""

from fastapi import APIRouter

from api import oauth_schemas, schemas
from api.caller import CallerOf
from security.oauth.service_accounts import ExternalIdentity, NewServiceAccount

router = APIRouter(prefix="/v1/service-accounts", tags=["service accounts"])


@router.get("")
def list_service_accounts(caller: CallerOf) -> oauth_schemas.ServiceAccountList:
    """List all service accounts, expired ones included."""
    with caller.reading() as visit:
        found = caller.state.service_accounts.accounts(visit.session, visit.principal)
    items = [oauth_schemas.ServiceAccount.model_validate(item) for item in found]
    return oauth_schemas.ServiceAccountList(items=items)


@router.post("", status_code=201)
def create_service_account(
    new: oauth_schemas.NewServiceAccount, caller: CallerOf
) -> oauth_schemas.CreatedServiceAccount:
    """Create a service account; its secret is in this answer and never shown again."""
    key, identity = new.public_jwk, new.identity
    wanted = NewServiceAccount(
        new.name,
        new.role,
        new.expires_in_days,
        key.model_dump(exclude_none=True) if key else None,
        ExternalIdentity(identity.issuer, identity.subject) if identity else None,
    )
    with caller.writing() as visit:
        issued = caller.state.service_accounts.create(visit.session, visit.principal, wanted)
    info = oauth_schemas.ServiceAccount.model_validate(issued.info)
    return oauth_schemas.CreatedServiceAccount(**info.model_dump(), secret=issued.secret)


@router.delete("/{account_id}", status_code=204)
def delete_service_account(account_id: str, caller: CallerOf) -> None:
    """Delete a service account with its conversations; its tokens fail from now on."""
    with caller.writing() as visit:
        tenant_id = visit.principal.tenant_id
        # First, while the rows still name the keys; a refusal below takes all of it back.
        caller.state.conversations.delete_all_of(visit.session, tenant_id, account_id)
        caller.state.service_accounts.delete(visit.session, visit.principal, account_id)
    caller.state.forget(tenant_id)


@router.post("/{account_id}/secret", status_code=201)
def rotate_secret(account_id: str, caller: CallerOf) -> oauth_schemas.ServiceAccountSecret:
    """Give a new secret in place of the secret or key; tokens issued before fail from now on."""
    with caller.writing() as visit:
        accounts = caller.state.service_accounts
        secret = accounts.rotate_secret(visit.session, visit.principal, account_id)
    return oauth_schemas.ServiceAccountSecret(secret=secret)


@router.put("/{account_id}/key", status_code=204)
def set_key(account_id: str, key: oauth_schemas.PublicKey, caller: CallerOf) -> None:
    """Take a public key in place of the secret or key; tokens issued before fail from now on."""
    with caller.writing() as visit:
        caller.state.service_accounts.set_key(
            visit.session, visit.principal, account_id, key.model_dump(exclude_none=True)
        )


@router.put("/{account_id}/role", status_code=204)
def set_role(account_id: str, change: schemas.RoleChange, caller: CallerOf) -> None:
    """Give a service account a tenant-wide role, or change it."""
    with caller.writing() as visit:
        caller.state.grants.set(visit.session, visit.principal, account_id, None, change.role)


@router.delete("/{account_id}/role", status_code=204)
def remove_role(account_id: str, caller: CallerOf) -> None:
    """Take a service account's tenant-wide role away; roles in collections stay."""
    with caller.writing() as visit:
        caller.state.grants.remove(visit.session, visit.principal, account_id, None)
