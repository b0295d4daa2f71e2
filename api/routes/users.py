"""The people of the tenant, for those who administer it."""

from fastapi import APIRouter

from api import schemas
from api.caller import CallerOf

router = APIRouter(prefix="/v1/users", tags=["users"])


@router.get("")
def list_users(caller: CallerOf) -> schemas.UserList:
    """List all users."""
    with caller.reading() as visit:
        found = caller.state.accounts.users(visit.session, visit.principal)
    return schemas.UserList(items=[schemas.UserView.model_validate(item) for item in found])


@router.post("", status_code=201)
def create_user(new: schemas.NewUser, caller: CallerOf) -> schemas.UserView:
    """Create a local account."""
    with caller.writing() as visit:
        created = caller.state.accounts.create_user(
            visit.session, visit.principal, new.name, new.password, new.role
        )
    return schemas.UserView.model_validate(created)


@router.delete("/{user_id}", status_code=204)
def delete_user(user_id: str, caller: CallerOf) -> None:
    """Delete an account with its conversations; sessions and tokens end, uploads stay."""
    with caller.writing() as visit:
        tenant_id = visit.principal.tenant_id
        # First, while the rows still name the keys; a refusal below takes all of it back.
        caller.state.conversations.delete_all_of(visit.session, tenant_id, user_id)
        caller.state.accounts.delete_user(visit.session, visit.principal, user_id)
    caller.state.forget(tenant_id)


@router.put("/{user_id}/password", status_code=204)
def reset_password(user_id: str, form: schemas.PasswordReset, caller: CallerOf) -> None:
    """Give someone who forgot it a new password; their sessions end."""
    with caller.writing() as visit:
        caller.state.accounts.set_password(visit.session, visit.principal, user_id, form.password)


@router.put("/{user_id}/role", status_code=204)
def set_role(user_id: str, change: schemas.RoleChange, caller: CallerOf) -> None:
    """Give someone a tenant-wide role, or change it."""
    with caller.writing() as visit:
        caller.state.grants.set(visit.session, visit.principal, user_id, None, change.role)


@router.delete("/{user_id}/role", status_code=204)
def remove_role(user_id: str, caller: CallerOf) -> None:
    """Take someone's tenant-wide role away; roles in collections stay."""
    with caller.writing() as visit:
        caller.state.grants.remove(visit.session, visit.principal, user_id, None)
